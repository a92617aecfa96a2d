// Package tree hashes Merkle trees the way RFC 6962 does (SHA-256, leaves
// prefixed with 0, inner nodes with 1), for the lobby, for commit groups and
// for the log of groups.
package tree

import (
	"crypto/sha256"
	"fmt"
	"math/bits"
	"slices"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Hash is a leaf hash, a node or a root.
type Hash = [sha256.Size]byte

// Leaf hashes the data of a leaf. Data of up to 127 bytes, which is every
// ticket and claim, costs no allocation.
func Leaf(data []byte) Hash {
	var small [128]byte
	return sha256.Sum256(append(append(small[:0], rfc6962.RFC6962LeafHashPrefix), data...))
}

// Node hashes two children.
func Node(left, right Hash) Hash {
	var buf [1 + 2*sha256.Size]byte
	buf[0] = rfc6962.RFC6962NodeHashPrefix
	copy(buf[1:], left[:])
	copy(buf[1+sha256.Size:], right[:])
	return sha256.Sum256(buf[:])
}

func node(left, right []byte) []byte {
	h := Node(Hash(left), Hash(right))
	return h[:]
}

// Empty is the root of the tree without leaves.
func Empty() Hash { return sha256.Sum256(nil) }

// Frontier is a growing tree of which only the right border is kept. The zero
// value is the empty tree.
type Frontier struct {
	border *compact.Range
}

// Add appends a leaf.
func (f *Frontier) Add(leaf Hash) {
	if f.border == nil {
		f.border = (&compact.RangeFactory{Hash: node}).NewEmptyRange(0)
	}
	if err := f.border.Append(leaf[:], nil); err != nil {
		// Only a border corrupted in memory makes the library refuse.
		panic(fmt.Sprintf("extend Merkle frontier: %v", err))
	}
}

// Size is the number of leaves.
func (f *Frontier) Size() uint64 {
	if f.border == nil {
		return 0
	}
	return f.border.End()
}

// Root of the leaves added so far.
func (f *Frontier) Root() Hash {
	if f.Size() == 0 {
		return Empty()
	}
	root, err := f.border.GetRootHash(nil)
	if err != nil {
		panic(fmt.Sprintf("root of Merkle frontier: %v", err))
	}
	return Hash(root)
}

// Tree keeps every node of a finished tree, so that a path costs no hashing.
// levels[0] are the leaves, the last level is the root. A node without a
// sibling stands for itself one level up, which is the tree of RFC 6962.
type Tree struct {
	levels [][]Hash
}

// New builds the tree over leaf hashes; it keeps the slice.
func New(leaves []Hash) *Tree {
	t := &Tree{levels: make([][]Hash, 1, 1+bits.Len(uint(len(leaves))))}
	t.levels[0] = leaves
	for len(leaves) > 1 {
		parents := make([]Hash, 0, (len(leaves)+1)/2)
		for pair := range slices.Chunk(leaves, 2) {
			parent := pair[0]
			if len(pair) == 2 {
				parent = Node(pair[0], pair[1])
			}
			parents = append(parents, parent)
		}
		t.levels = append(t.levels, parents)
		leaves = parents
	}
	return t
}

// Size is the number of leaves.
func (t *Tree) Size() int { return len(t.levels[0]) }

// Root of the whole tree.
func (t *Tree) Root() Hash {
	if t.Size() == 0 {
		return Empty()
	}
	return t.levels[len(t.levels)-1][0]
}

// Path is the RFC 6962 inclusion proof of leaf index, lowest sibling first.
// It shares the tree's memory.
func (t *Tree) Path(index int) ([][]byte, error) {
	if index < 0 || index >= t.Size() {
		return nil, fmt.Errorf("inclusion proof: leaf %d of %d", index, t.Size())
	}
	path := make([][]byte, 0, len(t.levels)-1)
	for _, nodes := range t.levels {
		if sibling := index ^ 1; sibling < len(nodes) {
			path = append(path, nodes[sibling][:])
		}
		index /= 2
	}
	return path, nil
}

// Consistency is the RFC 6962 proof that the tree of the first size leaves is
// a prefix of this one.
func (t *Tree) Consistency(size int) ([][]byte, error) {
	nodes, err := proof.Consistency(uint64(size), uint64(t.Size()))
	if err != nil {
		return nil, fmt.Errorf("consistency proof: %w", err)
	}
	hashes := make([][]byte, len(nodes.IDs))
	for i, id := range nodes.IDs {
		hashes[i] = t.levels[id.Level][id.Index][:]
	}
	return nodes.Rehash(hashes, node)
}
