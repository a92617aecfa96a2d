package tree_test

import (
	"fmt"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"sunbeon/reservation/waitingroom/tree"
)

// Roots and proofs are those of the library, for every shape of tree.
func TestTreeIsRFC6962(t *testing.T) {
	hasher := rfc6962.DefaultHasher
	library := (&compact.RangeFactory{Hash: hasher.HashChildren}).NewEmptyRange(0)
	var frontier tree.Frontier
	var leaves []tree.Hash
	var roots [][]byte
	if empty := tree.New(nil).Root(); empty != frontier.Root() || string(empty[:]) != string(hasher.EmptyRoot()) {
		t.Errorf("empty roots differ")
	}
	for n := 1; n <= 130; n++ {
		data := []byte(fmt.Sprintf("leaf %d%*s", n, n, ""))
		leaf := tree.Leaf(data)
		if err := library.Append(hasher.HashLeaf(data), nil); err != nil {
			t.Fatal(err)
		}
		want, err := library.GetRootHash(nil)
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, want)
		leaves = append(leaves, leaf)
		frontier.Add(leaf)
		whole := tree.New(leaves)
		if got := whole.Root(); string(got[:]) != string(want) || frontier.Root() != got {
			t.Fatalf("root of %d leaves differs", n)
		}
		for i := range n {
			path, err := whole.Path(i)
			if err != nil {
				t.Fatal(err)
			}
			if err := proof.VerifyInclusion(hasher, uint64(i), uint64(n), leaves[i][:], path, want); err != nil {
				t.Fatalf("leaf %d of %d: %v", i, n, err)
			}
			grown, err := whole.Consistency(i + 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := proof.VerifyConsistency(hasher, uint64(i+1), uint64(n), grown, roots[i], want); err != nil {
				t.Fatalf("from %d to %d: %v", i+1, n, err)
			}
		}
		if _, err := whole.Path(n); err == nil {
			t.Fatalf("path of leaf %d of %d", n, n)
		}
	}
}
