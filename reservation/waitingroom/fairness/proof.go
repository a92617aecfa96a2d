package fairness

import "sunbeon/reservation/waitingroom/tree"

// History is the log of commit groups up to one checkpoint, ready to prove
// what it holds and that it continues earlier ones.
type History struct {
	tree *tree.Tree
}

// NewHistory builds the tree over group leaves, as [record.Log.Groups] returns
// them. It costs one hash a group: build one a checkpoint, not one a question.
func NewHistory(groups []tree.Hash) *History { return &History{tree: tree.New(groups)} }

// Inclusion proves that group is in the history. With the receipt of a record,
// which leads to its group, it proves the record.
func (h *History) Inclusion(group uint64) ([][]byte, error) { return h.tree.Path(int(group)) }

// Consistency proves that the history of the first size groups has only grown.
func (h *History) Consistency(size uint64) ([][]byte, error) { return h.tree.Consistency(int(size)) }
