package credential

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"hash"
	"sync"
)

// PersonKey names people without storing who they are: HMAC-SHA256 of the
// identity agency's identifier, cut to 16 bytes. It changes only between
// cohorts, or people would lose their place.
type PersonKey struct {
	macs sync.Pool
}

// NewPersonKey returns the person key with the given secret.
func NewPersonKey(secret []byte) *PersonKey {
	secret = append([]byte(nil), secret...)
	return &PersonKey{macs: sync.Pool{New: func() any { return hmac.New(sha256.New, secret) }}}
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
	mac := k.macs.Get().(hash.Hash)
	defer k.macs.Put(mac)
	mac.Reset()
	var buffer [256]byte
	input := append(buffer[:0], purpose...)
	input = append(input, 0)
	input = append(input, cohort...)
	input = append(input, 0)
	input = append(input, ci...)
	mac.Write(input)
	copy(out[:], mac.Sum(buffer[:0]))
	return out
}
