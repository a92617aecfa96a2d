package waitingroom

import (
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/bits"
	"strconv"
)

// The draw is a Feistel network over SHA-256 with cycle walking, so a turn is
// computed from the seed alone: nothing is shuffled and nothing stored.
const (
	feistelRounds = 12
	// feistelMinHalf keeps the network of a tiny lobby wide enough to mix.
	feistelMinHalf = 3
)

// Seed derives the seed of a draw by HKDF-SHA256 (RFC 5869): value is the
// input keying material, the root of the sealed lobby the salt, and
// "sunbeon draw v1", the cohort and the decimal count, separated by line
// feeds, the info.
func Seed(value []byte, cohort string, root [32]byte, count int64) ([32]byte, error) {
	info := "sunbeon draw v1\n" + cohort + "\n" + strconv.FormatInt(count, 10)
	key, err := hkdf.Key(sha256.New, value, root[:], info, 32)
	if err != nil {
		return [32]byte{}, fmt.Errorf("derive seed: %w", err)
	}
	return [32]byte(key), nil
}

// Turn returns the turn, in 1…count, of the person with arrival number seq in
// a sealed lobby of count people. Seq must be in 1…count.
func Turn(seed [32]byte, count, seq int64) int64 {
	f := newFeistel(seed, count)
	x := uint64(seq - 1)
	for {
		if x = f.forward(x); x < uint64(count) {
			return int64(x) + 1
		}
	}
}

// Seq is the inverse of [Turn]: who has this turn.
func Seq(seed [32]byte, count, turn int64) int64 {
	f := newFeistel(seed, count)
	x := uint64(turn - 1)
	for {
		if x = f.backward(x); x < uint64(count) {
			return int64(x) + 1
		}
	}
}

// feistel permutes [0, 2^(2·half)), the smallest such domain that holds count.
type feistel struct {
	half uint
	mask uint64
	// block is seed, round (1 byte) and right half (4 bytes, big-endian).
	block [sha256.Size + 5]byte
}

func newFeistel(seed [32]byte, count int64) *feistel {
	width := bits.Len64(uint64(max(count-1, 0)))
	half := uint(max((width+1)/2, feistelMinHalf))
	f := &feistel{half: half, mask: 1<<half - 1}
	copy(f.block[:], seed[:])
	return f
}

// mix is the round function: the first four bytes of SHA-256 over the block,
// big-endian, cut to half bits.
func (f *feistel) mix(round int, right uint64) uint64 {
	f.block[sha256.Size] = byte(round)
	binary.BigEndian.PutUint32(f.block[sha256.Size+1:], uint32(right))
	sum := sha256.Sum256(f.block[:])
	return uint64(binary.BigEndian.Uint32(sum[:])) & f.mask
}

func (f *feistel) forward(x uint64) uint64 {
	left, right := x>>f.half, x&f.mask
	for round := range feistelRounds {
		left, right = right, left^f.mix(round, right)
	}
	return left<<f.half | right
}

func (f *feistel) backward(x uint64) uint64 {
	left, right := x>>f.half, x&f.mask
	for round := feistelRounds - 1; round >= 0; round-- {
		left, right = right^f.mix(round, left), left
	}
	return left<<f.half | right
}
