package fairness

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"

	"sunbeon/reservation/waitingroom/record"
	"sunbeon/reservation/waitingroom/tree"
)

// ErrEvidence is wrapped by the refusal of evidence that says nothing about
// this record: it cannot be read, or somebody else signed it.
var ErrEvidence = errors.New("no evidence about this record")

// Evidence is one file of what somebody has seen of the log and kept.
type Evidence struct {
	Name    string
	Content []byte
	// Own says that it came together with the record, as the checkpoint beside
	// it does: what is wrong with it is then wrong with the record.
	Own bool
}

// Seen is what someone has seen of the log before and kept: checkpoints and
// receipts. The log must still agree with every one of them.
type Seen struct {
	checkpoints map[uint64][]tree.Hash // by size
	receipts    map[uint64][]record.Receipt
	cosigned    map[uint64][]Cosignature // by size
	heads       heads
	// largest is the number of groups there must be at least.
	largest uint64
	count   int
}

// Add reads a signed checkpoint with whatever witnesses signed it too, or a
// receipt as JSON (alone or as the field "receipt" of a ticket). The error
// wraps [ErrEvidence], or is a [*BadCosignatureError] or a [*TwoHeadsError].
func (s *Seen) Add(content []byte, key ed25519.PublicKey, witnesses []Witness) error {
	if !bytes.HasPrefix(bytes.TrimSpace(content), []byte("{")) {
		return s.addCheckpoint(content, key, witnesses)
	}
	var ticket struct {
		record.Receipt
		Inner *record.Receipt `json:"receipt"`
	}
	if err := json.Unmarshal(content, &ticket); err != nil {
		return fmt.Errorf("%w: read receipt: %w", ErrEvidence, err)
	}
	receipt := ticket.Receipt
	if ticket.Inner != nil {
		receipt = *ticket.Inner
	}
	if err := receipt.Verify(key); err != nil {
		return fmt.Errorf("%w: %w", ErrEvidence, err)
	}
	if s.receipts == nil {
		s.receipts = map[uint64][]record.Receipt{}
	}
	s.receipts[receipt.Group] = append(s.receipts[receipt.Group], receipt)
	s.largest = max(s.largest, receipt.Group+1)
	s.count++
	return nil
}

func (s *Seen) addCheckpoint(signed []byte, key ed25519.PublicKey, witnesses []Witness) error {
	c, cosigned, err := OpenCosigned(signed, key, witnesses)
	var bad *BadCosignatureError
	switch {
	case errors.As(err, &bad):
		return bad
	case err != nil:
		return fmt.Errorf("%w: %w", ErrEvidence, err)
	}
	if s.checkpoints == nil {
		s.checkpoints, s.cosigned, s.heads = map[uint64][]tree.Hash{}, map[uint64][]Cosignature{}, heads{}
	}
	if err := s.heads.add(c); err != nil {
		return &TwoHeadsError{err}
	}
	s.checkpoints[c.Size] = append(s.checkpoints[c.Size], c.Root)
	s.cosigned[c.Size] = append(s.cosigned[c.Size], cosigned...)
	s.largest = max(s.largest, c.Size)
	s.count++
	return nil
}

// atSize compares the root over the first size groups with what was seen.
func (s *Seen) atSize(size uint64, root tree.Hash) error {
	for _, seen := range s.checkpoints[size] {
		if seen != root {
			return fmt.Errorf("the first %d groups are not those of a checkpoint seen before", size)
		}
	}
	return nil
}

// inGroup compares a group with the receipts seen for it.
func (s *Seen) inGroup(g *record.Group) error {
	for _, receipt := range s.receipts[g.Number] {
		head, err := receipt.Head()
		if err != nil {
			return err
		}
		if head != g.Head || !bytes.Equal(receipt.Record, g.Records[receipt.Index]) {
			return fmt.Errorf("group %d is not the one a receipt was given for", g.Number)
		}
	}
	return nil
}

// attested returns what a witness signed last, and false where they signed
// nothing.
func (s *Seen) attested(witness string) (size uint64, timeS int64, ok bool) {
	for at, cosigned := range s.cosigned {
		for _, c := range cosigned {
			if c.Witness == witness && (!ok || at > size || at == size && c.TimeS > timeS) {
				size, timeS, ok = at, c.TimeS, true
			}
		}
	}
	return size, timeS, ok
}
