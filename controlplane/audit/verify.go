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

// BreachError is where a record is not what was written.
type BreachError struct {
	// Index is of the first entry that is wrong. It stands in the journal of
	// Node, or in File at Line; what is not known is empty.
	Index uint64
	Node  string
	File  string
	Line  int
	// What is wrong.
	What string
}

func breach(index uint64, format string, args ...any) *BreachError {
	return &BreachError{Index: index, What: fmt.Sprintf(format, args...)}
}

func (e *BreachError) Error() string {
	where := ""
	for _, of := range []string{e.Node, e.File} {
		if of != "" {
			where += of + ": "
		}
	}
	if e.Line > 0 {
		where += fmt.Sprintf("line %d: ", e.Line)
	}
	return fmt.Sprintf("%s%v: %s", where, ErrTampered, e.What)
}

// Is makes every breach an [ErrTampered].
func (e *BreachError) Is(target error) bool { return target == ErrTampered }

// Take checks the next line. The first may stand anywhere in the chain: what
// came before it is then vouched for by its own link only where it is a gap, an
// anchor or the beginning.
func (v *Verifier) Take(line Record) error {
	raw, err := hex.DecodeString(line.Chain)
	if err != nil || len(raw) != sha256.Size {
		return breach(line.Index, "index %d has the chain %q", line.Index, line.Chain)
	}
	switch {
	case line.Anchor && v.Lines > 0:
		if line.Index != v.Last || line.Chain != v.Chain() {
			return breach(line.Index, "a file goes on from index %d, the one before it ends at %d", line.Index, v.Last)
		}
		return nil
	case line.Anchor:
		v.Trimmed = true
	case v.Lines > 0 && line.Index <= v.Last:
		return breach(line.Index, "index %d comes after %d", line.Index, v.Last)
	case line.Gap:
		v.Gaps++
	case v.Lines > 0 || v.begun:
		if want := Link(v.chain, line.Index, line.Entry); hex.EncodeToString(want[:]) != line.Chain {
			return breach(line.Index, "at index %d", line.Index)
		}
	}
	if head, known := v.Heads[line.Index]; known && head != line.Chain {
		return breach(line.Index, "at index %d it stood at %s when its head was published", line.Index, head)
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
			return breach(v.Last, "it ends at index %d, its head at %d was published", v.Last, index)
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
		if broken := (*BreachError)(nil); errors.As(err, &broken) {
			broken.File = path
			return v, broken
		}
		if err != nil {
			return v, fmt.Errorf("%s: %w", path, err)
		}
	}
	return v, v.End()
}
