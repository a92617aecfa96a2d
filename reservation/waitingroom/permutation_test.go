package waitingroom_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"sunbeon/reservation/waitingroom"
)

func seedOf(n int) (seed [32]byte) {
	binary.BigEndian.PutUint64(seed[:], uint64(n))
	return seed
}

func TestTurnIsABijectionWithItsInverse(t *testing.T) {
	counts := []int64{1, 2, 3, 4, 5, 63, 64, 65, 100, 257, 4096, 5000}
	for _, count := range counts {
		for s := range 3 {
			seed, taken := seedOf(s), make(map[int64]int64, count)
			for seq := int64(1); seq <= count; seq++ {
				turn := waitingroom.Turn(seed, count, seq)
				if turn < 1 || turn > count {
					t.Fatalf("count %d: seq %d has turn %d", count, seq, turn)
				}
				if other, twice := taken[turn]; twice {
					t.Fatalf("count %d: seq %d and %d share turn %d", count, other, seq, turn)
				}
				taken[turn] = seq
				if back := waitingroom.Seq(seed, count, turn); back != seq {
					t.Fatalf("count %d: turn %d of seq %d leads back to %d", count, turn, seq, back)
				}
			}
		}
	}
}

// Every turn is equally likely for every arrival number. The statistic is
// chi-squared over the table arrival × turn; its bound is eight standard
// deviations above the mean, and the seeds are fixed, so it passes or fails
// for good.
func TestTurnIsUniformForEveryArrival(t *testing.T) {
	for _, count := range []int64{2, 3, 5, 8, 13, 20} {
		t.Run(fmt.Sprint(count), func(t *testing.T) {
			const seeds = 4_000
			table := make([]float64, count*count)
			for s := range seeds {
				for seq := int64(1); seq <= count; seq++ {
					table[(seq-1)*count+waitingroom.Turn(seedOf(s), count, seq)-1]++
				}
			}
			expected := float64(seeds) / float64(count)
			var chi2 float64
			for _, n := range table {
				chi2 += (n - expected) * (n - expected) / expected
			}
			free := float64((count - 1) * (count - 1))
			if bound := free + 8*math.Sqrt(2*free); chi2 > bound {
				t.Errorf("chi-squared %.1f over %.0f degrees of freedom, want at most %.1f", chi2, free, bound)
			}
		})
	}
}

// Coming early must not help: over a whole lobby, arrival and turn are
// uncorrelated, and so are the turns of neighbours.
func TestTurnDoesNotFollowArrival(t *testing.T) {
	const count = 10_000
	for s := range 5 {
		var withSeq, withNext float64
		previous := float64(waitingroom.Turn(seedOf(s), count, count))
		for seq := int64(1); seq <= count; seq++ {
			turn := float64(waitingroom.Turn(seedOf(s), count, seq))
			withSeq += (float64(seq) - count/2.0) * (turn - count/2.0)
			withNext += (previous - count/2.0) * (turn - count/2.0)
			previous = turn
		}
		variance := float64(count) * float64(count) / 12
		// A correlation of n independent pairs has a deviation of 1/√n.
		bound := 5 / math.Sqrt(count)
		if r := withSeq / count / variance; math.Abs(r) > bound {
			t.Errorf("seed %d: correlation of arrival and turn %.4f", s, r)
		}
		if r := withNext / count / variance; math.Abs(r) > bound {
			t.Errorf("seed %d: correlation of neighbours %.4f", s, r)
		}
	}
}

// The examples of FORMAT.md: whoever writes another verifier starts from them,
// so they can never change.
func TestDrawKeepsItsFormat(t *testing.T) {
	var root [32]byte
	for i := range root {
		root[i] = byte(i)
	}
	for count, want := range map[int64]string{
		5:          "e85b65dd45a43fc3b771439b20566a1c7b4dfd9116473a01450f92ab899d362e [1 2 5 4 3]",
		1000:       "9486f4b819dc564f67ffeba9c497a49815ff5c7dbee56fb6691ec0c6207b14dd [83 458 858 482 369]",
		10_000_000: "43a571877f3fee21e98dc3a97f39f0ebb996d7473c509b16fc098480adfa30f3 [9939096 7206541 8021627 2351890 3022753]",
	} {
		seed, err := waitingroom.Seed([]byte("sunbeon"), "born-1975", root, count)
		if err != nil {
			t.Fatal(err)
		}
		var turns []int64
		for seq := range int64(5) {
			turns = append(turns, waitingroom.Turn(seed, count, seq+1))
		}
		if got := fmt.Sprintf("%x %v", seed, turns); got != want {
			t.Errorf("draw of %d: %s, want %s", count, got, want)
		}
	}
}

func FuzzTurn(f *testing.F) {
	f.Add(uint64(1), int64(10_000_000), int64(77))
	f.Fuzz(func(t *testing.T, s uint64, count, seq int64) {
		count = 1 + (count&math.MaxInt64)%20_000_000
		seq = 1 + (seq&math.MaxInt64)%count
		seed := seedOf(int(s))
		turn := waitingroom.Turn(seed, count, seq)
		if turn < 1 || turn > count || waitingroom.Seq(seed, count, turn) != seq {
			t.Fatalf("seed %d, count %d: seq %d has turn %d", s, count, seq, turn)
		}
	})
}

func BenchmarkTurn(b *testing.B) {
	seed := seedOf(1)
	for i := range b.N {
		waitingroom.Turn(seed, 10_000_000, int64(i%10_000_000)+1)
	}
}
