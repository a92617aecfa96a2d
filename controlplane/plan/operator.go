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

// RaiseVersion is the body of cluster.version.
type RaiseVersion struct {
	MinVersion int `json:"min_version"`
}
