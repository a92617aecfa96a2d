package fairness

import (
	"fmt"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"sunbeon/reservation/waitingroom/record"
	"sunbeon/reservation/waitingroom/tree"
)

// History is the log of commit groups up to one checkpoint, ready to prove
// what it holds and that it continues earlier ones.
type History struct {
	tree *tree.Tree
}

// NewHistory builds the tree over group leaves, as [record.Log.Groups] returns
// them. It costs one hash a group: build one a checkpoint, not one a question.
func NewHistory(groups []tree.Hash) *History { return &History{tree: tree.New(groups)} }

// Checkpoint describes the head of the history.
func (h *History) Checkpoint(origin string) Checkpoint {
	return Checkpoint{Origin: origin, Size: uint64(h.tree.Size()), Root: h.tree.Root()}
}

// Inclusion proves that group is in the history. With the receipt of a record,
// which leads to its group, it proves the record.
func (h *History) Inclusion(group uint64) ([][]byte, error) { return h.tree.Path(int(group)) }

// Consistency proves that the history of the first size groups has only grown.
func (h *History) Consistency(size uint64) ([][]byte, error) { return h.tree.Consistency(int(size)) }

// VerifyInclusion checks that the group a receipt cites is in a checkpoint.
// The receipt itself is checked by its own Verify.
func VerifyInclusion(c Checkpoint, receipt *record.Receipt, path [][]byte) error {
	head, err := receipt.Head()
	if err != nil {
		return err
	}
	leaf := head.Leaf()
	err = proof.VerifyInclusion(rfc6962.DefaultHasher, head.Number, c.Size, leaf[:], path, c.Root[:])
	if err != nil {
		return fmt.Errorf("group %d in checkpoint of %d: %w", head.Number, c.Size, err)
	}
	return nil
}

// VerifyConsistency checks that the log between two checkpoints only grew.
func VerifyConsistency(older, newer Checkpoint, path [][]byte) error {
	err := proof.VerifyConsistency(rfc6962.DefaultHasher, older.Size, newer.Size, path, older.Root[:], newer.Root[:])
	if err != nil {
		return fmt.Errorf("from checkpoint %d to %d: %w", older.Size, newer.Size, err)
	}
	return nil
}
