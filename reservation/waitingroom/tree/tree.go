// Package tree hashes Merkle trees the way RFC 6962 does (SHA-256, leaves
// prefixed with 0, inner nodes with 1), for the lobby, for commit groups and
// for the log of groups.
package tree

import (
	"crypto/sha256"
	"fmt"

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

// Tree keeps every perfect node of a finished tree, so that a path costs no
// hashing but that of the ragged right border.
type Tree struct {
	levels [][]Hash
}

// New builds the tree over leaf hashes; it keeps the slice.
func New(leaves []Hash) *Tree {
	t := &Tree{levels: [][]Hash{leaves}}
	for len(leaves) > 1 {
		parents := make([]Hash, len(leaves)/2)
		for i := range parents {
			parents[i] = Node(leaves[2*i], leaves[2*i+1])
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
	var root Hash
	found := false
	for level, nodes := range t.levels {
		// A level of odd length ends in a perfect subtree without a sibling.
		if len(nodes)%2 == 0 {
			continue
		}
		last := t.levels[level][len(nodes)-1]
		if found {
			root = Node(last, root)
		} else {
			root, found = last, true
		}
	}
	return root
}

// Path is the RFC 6962 inclusion proof of leaf index, lowest sibling first.
func (t *Tree) Path(index int) ([][]byte, error) {
	nodes, err := proof.Inclusion(uint64(index), uint64(t.Size()))
	if err != nil {
		return nil, fmt.Errorf("inclusion proof: %w", err)
	}
	return t.collect(nodes)
}

// Consistency is the RFC 6962 proof that the tree of the first size leaves is
// a prefix of this one.
func (t *Tree) Consistency(size int) ([][]byte, error) {
	nodes, err := proof.Consistency(uint64(size), uint64(t.Size()))
	if err != nil {
		return nil, fmt.Errorf("consistency proof: %w", err)
	}
	return t.collect(nodes)
}

func (t *Tree) collect(nodes proof.Nodes) ([][]byte, error) {
	hashes := make([][]byte, len(nodes.IDs))
	for i, id := range nodes.IDs {
		hashes[i] = t.levels[id.Level][id.Index][:]
	}
	return nodes.Rehash(hashes, node)
}
