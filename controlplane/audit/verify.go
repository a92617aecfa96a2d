package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// Verifier follows a chain line by line.
type Verifier struct {
	// Lines and Gaps count what was seen; First is the first index.
	Lines, Gaps int
	First, Last uint64
	chain       Hash
	begun       bool
}

// ErrTampered means that the record is not what was written: a line was
// changed, left out, added or moved.
var ErrTampered = errors.New("the chain is broken")

// Take checks the next line. The first may stand anywhere in the chain: what
// came before it is then vouched for by its own link only where it is a gap or
// the beginning.
func (v *Verifier) Take(line Record) error {
	raw, err := hex.DecodeString(line.Chain)
	if err != nil || len(raw) != sha256.Size {
		return fmt.Errorf("%w: index %d has the chain %q", ErrTampered, line.Index, line.Chain)
	}
	switch {
	case v.Lines > 0 && line.Index <= v.Last:
		return fmt.Errorf("%w: index %d comes after %d", ErrTampered, line.Index, v.Last)
	case line.Gap:
		v.Gaps++
	case v.Lines > 0 || v.begun:
		if want := Link(v.chain, line.Index, line.Entry); hex.EncodeToString(want[:]) != line.Chain {
			return fmt.Errorf("%w at index %d", ErrTampered, line.Index)
		}
	}
	if v.Lines == 0 {
		v.First = line.Index
	}
	copy(v.chain[:], raw)
	v.Lines++
	v.Last = line.Index
	return nil
}

// FromBeginning makes the verifier ask for the whole chain, from its first
// link on.
func (v *Verifier) FromBeginning() { v.begun = true }

// Chain is the chain after the last line, in hex.
func (v *Verifier) Chain() string { return hex.EncodeToString(v.chain[:]) }

// VerifyFiles checks a journal's files, oldest first, from its beginning.
func VerifyFiles(paths []string) (*Verifier, error) {
	v := &Verifier{}
	v.FromBeginning()
	for i, path := range paths {
		err := readFile(path, v.Take)
		if errors.Is(err, errTorn) && i == len(paths)-1 {
			err = nil // a crash cut the last line off
		}
		if err != nil {
			return v, fmt.Errorf("%s: %w", path, err)
		}
	}
	return v, nil
}
