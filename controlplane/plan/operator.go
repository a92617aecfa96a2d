package plan

// Operator is a person, or a program acting for one, who may give commands.
type Operator struct {
	Revision
	Name string `json:"name"`
	Role Role   `json:"role"`
	// TokenHash is the hex SHA-256 of the operator's token.
	TokenHash string `json:"token_hash"`
	ExpiresMS int64  `json:"expires_ms"` // 0: never
}

// Installation is the actor behind the token that came with the installation.
// No operator may be called so.
const Installation = "operator"

func (o Operator) validAt(nowMS int64) bool { return o.ExpiresMS == 0 || nowMS < o.ExpiresMS }

// Role of an operator.
type Role string

// The roles; each may do what the one before it may.
const (
	Viewer    Role = "viewer"
	OnCall    Role = "operator"
	Commander Role = "commander"
)

// SetOperator is the body of operator.set.
type SetOperator struct {
	Name      string `json:"name"`
	Role      Role   `json:"role"`
	TokenHash string `json:"token_hash"`
	ExpiresMS int64  `json:"expires_ms"`
}

// RemoveOperator is the body of operator.remove.
type RemoveOperator struct {
	Name string `json:"name"`
}

const maxOperators = 1_000

func setOperator(d *draft, b SetOperator) error {
	if b.Name == "" || b.Name == Installation || !isHash(b.TokenHash) || (b.Role != Viewer && b.Role != OnCall && b.Role != Commander) {
		return refuse(Malformed, "an operator needs a name, a role and the SHA-256 of a token")
	}
	before, known := d.Operators[b.Name]
	if !known && len(d.Operators) >= maxOperators {
		return refuse(TooLarge, "%d operators are known", len(d.Operators))
	}
	if err := d.unchanged(before.Revision); err != nil {
		return err
	}
	put(&d.Operators, b.Name, Operator{
		Revision: d.now(), Name: b.Name, Role: b.Role, TokenHash: b.TokenHash, ExpiresMS: b.ExpiresMS,
	})
	return nil
}

func removeOperator(d *draft, b RemoveOperator) error {
	o, ok := d.Operators[b.Name]
	if !ok {
		return refuse(NotFound, "operator %q", b.Name)
	}
	if err := d.unchanged(o.Revision); err != nil {
		return err
	}
	drop(&d.Operators, b.Name)
	return nil
}
