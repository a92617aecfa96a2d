package credential

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"
)

// PersonKey names people without storing who they are: HMAC-SHA256 of the
// identity agency's identifier, cut to 16 bytes. It changes only with the ledger,
// or people would lose their place and could book twice.
type PersonKey struct {
	macs sync.Pool
}

// NewPersonKey returns the person key with the given secret.
func NewPersonKey(secret []byte) *PersonKey {
	secret = append([]byte(nil), secret...)
	return &PersonKey{macs: sync.Pool{New: func() any { return &personMAC{Hash: hmac.New(sha256.New, secret)} }}}
}

// personMAC is a keyed hash with room for its input and output, so that a join
// allocates neither.
type personMAC struct {
	hash.Hash
	buffer [256]byte
}

// Tag is the person's name in the line of one cohort. Tags of different
// cohorts cannot be linked without the key.
func (k *PersonKey) Tag(ci, cohort string) [16]byte { return k.sum("tag", cohort, ci) }

// Ref is the person's key in the ledger, the same for every cohort: 32
// hexadecimal digits.
func (k *PersonKey) Ref(ci string) string {
	sum := k.sum("ref", "", ci)
	return hex.EncodeToString(sum[:])
}

// sum separates the parts with a zero byte, which neither purposes nor cohort
// names contain, so that no two inputs run into each other.
func (k *PersonKey) sum(purpose, cohort, ci string) (out [16]byte) {
	mac := k.macs.Get().(*personMAC)
	defer k.macs.Put(mac)
	mac.Reset()
	input := append(mac.buffer[:0], purpose...)
	input = append(input, 0)
	input = append(input, cohort...)
	input = append(input, 0)
	input = append(input, ci...)
	mac.Write(input)
	copy(out[:], mac.Sum(mac.buffer[:0]))
	return out
}
