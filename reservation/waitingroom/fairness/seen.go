package fairness

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"fmt"

	"sunbeon/reservation/waitingroom/record"
	"sunbeon/reservation/waitingroom/tree"
)

// Seen is what someone has seen of the log before and kept: checkpoints and
// receipts. The log must still agree with every one of them.
type Seen struct {
	checkpoints map[uint64][]tree.Hash // by size
	receipts    map[uint64][]record.Receipt
	// largest is the number of groups there must be at least.
	largest uint64
	count   int
}

// Add reads a signed checkpoint, or a receipt as JSON (alone or as the field
// "receipt" of a ticket). The error says that it was not the log's: evidence
// against nobody.
func (s *Seen) Add(content []byte, key ed25519.PublicKey) error {
	if !bytes.HasPrefix(bytes.TrimSpace(content), []byte("{")) {
		c, err := OpenCheckpoint(content, key)
		if err != nil {
			return err
		}
		s.addCheckpoint(c)
		return nil
	}
	var ticket struct {
		record.Receipt
		Inner *record.Receipt `json:"receipt"`
	}
	if err := json.Unmarshal(content, &ticket); err != nil {
		return fmt.Errorf("read receipt: %w", err)
	}
	receipt := ticket.Receipt
	if ticket.Inner != nil {
		receipt = *ticket.Inner
	}
	if err := receipt.Verify(key); err != nil {
		return err
	}
	if s.receipts == nil {
		s.receipts = map[uint64][]record.Receipt{}
	}
	s.receipts[receipt.Group] = append(s.receipts[receipt.Group], receipt)
	s.largest = max(s.largest, receipt.Group+1)
	s.count++
	return nil
}

func (s *Seen) addCheckpoint(c Checkpoint) {
	if s.checkpoints == nil {
		s.checkpoints = map[uint64][]tree.Hash{}
	}
	s.checkpoints[c.Size] = append(s.checkpoints[c.Size], c.Root)
	s.largest = max(s.largest, c.Size)
	s.count++
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
