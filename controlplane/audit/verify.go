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
	// Trimmed tells that the record does not begin with the first link: older
	// files were let go, and an anchor says where the chain stood.
	Trimmed bool
	// Heads are links known from elsewhere, by their index: such as those the
	// plan keeps. What was rewritten from its beginning shows by them.
	Heads map[uint64]string
	chain Hash
	begun bool
}

// ErrTampered means that the record is not what was written: a line was
// changed, left out, added or moved.
var ErrTampered = errors.New("the chain is broken")

// Take checks the next line. The first may stand anywhere in the chain: what
// came before it is then vouched for by its own link only where it is a gap, an
// anchor or the beginning.
func (v *Verifier) Take(line Record) error {
	raw, err := hex.DecodeString(line.Chain)
	if err != nil || len(raw) != sha256.Size {
		return fmt.Errorf("%w: index %d has the chain %q", ErrTampered, line.Index, line.Chain)
	}
	switch {
	case line.Anchor && v.Lines > 0:
		if line.Index != v.Last || line.Chain != v.Chain() {
			return fmt.Errorf("%w: a file goes on from index %d, the one before it ends at %d", ErrTampered, line.Index, v.Last)
		}
		return nil
	case line.Anchor:
		v.Trimmed = true
	case v.Lines > 0 && line.Index <= v.Last:
		return fmt.Errorf("%w: index %d comes after %d", ErrTampered, line.Index, v.Last)
	case line.Gap:
		v.Gaps++
	case v.Lines > 0 || v.begun:
		if want := Link(v.chain, line.Index, line.Entry); hex.EncodeToString(want[:]) != line.Chain {
			return fmt.Errorf("%w at index %d", ErrTampered, line.Index)
		}
	}
	if head, known := v.Heads[line.Index]; known && head != line.Chain {
		return fmt.Errorf("%w: at index %d it stood at %s when its head was published", ErrTampered, line.Index, head)
	}
	if v.Lines == 0 {
		v.First = line.Index
	}
	copy(v.chain[:], raw)
	v.Lines++
	v.Last = line.Index
	return nil
}

// End tells whether the record reaches as far as the heads known.
func (v *Verifier) End() error {
	for index := range v.Heads {
		if index > v.Last {
			return fmt.Errorf("%w: it ends at index %d, its head at %d was published", ErrTampered, v.Last, index)
		}
	}
	return nil
}

// FromBeginning makes the verifier ask for the whole chain, from its first
// link, or an anchor, on.
func (v *Verifier) FromBeginning() { v.begun = true }

// Chain is the chain after the last line, in hex.
func (v *Verifier) Chain() string { return hex.EncodeToString(v.chain[:]) }

// VerifyFiles checks a journal's files, oldest first, from its beginning. An
// error names the file and the first line that is not as it was written.
func VerifyFiles(paths []string, heads map[uint64]string) (*Verifier, error) {
	v := &Verifier{Heads: heads}
	v.FromBeginning()
	for i, path := range paths {
		err := readFile(path, func(line Record, _ int) error { return v.Take(line) })
		if errors.Is(err, errTorn) && i == len(paths)-1 {
			err = nil // a crash cut the last line off
		}
		if err != nil {
			return v, fmt.Errorf("%s: %w", path, err)
		}
	}
	return v, v.End()
}
