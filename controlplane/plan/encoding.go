package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrCorrupt means that a snapshot is not what was written.
var ErrCorrupt = errors.New("corrupt plan snapshot")

// A snapshot is a head line, "sunbeon-plan <schema> <hex SHA-256 of the
// rest>", and the JSON of an image.
const magic = "sunbeon-plan"

// image is the canonical form of a plan: sections in their fixed order,
// entries by key.
type image struct {
	Index     uint64      `json:"index"`
	ClockMS   int64       `json:"clock_ms"`
	Commands  uint64      `json:"commands"`
	Chain     string      `json:"chain"`
	Sections  []Change    `json:"sections"`
	HorizonMS int64       `json:"horizon_ms"`
	Answers   []*answered `json:"answers,omitempty"`
}

func imageOf(p *Plan) image {
	return image{
		Index: p.Index, ClockMS: p.ClockMS, Commands: p.Commands,
		Chain:     hex.EncodeToString(p.Chain[:]),
		Sections:  Changes(New(), p),
		HorizonMS: p.window.horizonMS,
	}
}

func (i image) encode() []byte {
	encoded, err := json.Marshal(i)
	if err != nil {
		panic(err) // Changes has encoded all that could not be
	}
	return encoded
}

// Hash is the hex SHA-256 of the plan in canonical form: equal on all nodes at
// the same index. Of the remembered answers it covers what the chain does.
func (p *Plan) Hash() string {
	sum := sha256.Sum256(imageOf(p).encode())
	return hex.EncodeToString(sum[:])
}

// Encode writes a plan as a snapshot, remembered answers included.
func Encode(p *Plan) []byte {
	i := imageOf(p)
	i.Answers = p.window.all()
	content := i.encode()
	sum := sha256.Sum256(content)
	return append(fmt.Appendf(nil, "%s %d %x\n", magic, Schema, sum), content...)
}

// Decode reads a snapshot. An error wraps [ErrCorrupt] unless the snapshot is
// of a newer schema.
func Decode(snapshot []byte) (*Plan, error) {
	head, content, ok := bytes.Cut(snapshot, []byte("\n"))
	var schema int
	var sum string
	if _, err := fmt.Sscanf(string(head), magic+" %d %64s", &schema, &sum); !ok || err != nil {
		return nil, fmt.Errorf("%w: no head line", ErrCorrupt)
	}
	if schema > Schema {
		return nil, fmt.Errorf("plan snapshot of schema %d, this program knows %d", schema, Schema)
	}
	if got := sha256.Sum256(content); hex.EncodeToString(got[:]) != sum {
		return nil, fmt.Errorf("%w: checksum differs", ErrCorrupt)
	}
	var i image
	if err := json.Unmarshal(content, &i); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	p, err := New().With(i.Index, i.Sections...)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	p.ClockMS, p.Commands = i.ClockMS, i.Commands
	if chain, err := hex.DecodeString(i.Chain); err != nil || copy(p.Chain[:], chain) != sha256.Size {
		return nil, fmt.Errorf("%w: chain %q", ErrCorrupt, i.Chain)
	}
	p.window = windowOf(i.Answers, i.HorizonMS)
	return p, nil
}
