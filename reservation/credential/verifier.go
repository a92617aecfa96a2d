package credential

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"
	"sync"

	"github.com/golang-jwt/jwt/v5"
)

// verifiedPasses is how many checked passes each of the two generations of a
// verifier's memory holds.
const verifiedPasses = 1 << 16

// PassVerifier checks passes against the published keys. A pass travels with
// every request of a session, so a checked one is remembered by its digest
// and costs a hash the next time.
type PassVerifier struct {
	keys *KeySet

	mu         sync.Mutex
	young, old map[[sha256.Size]byte]Pass
}

// NewPassVerifier returns a verifier that takes its keys from keys.
func NewPassVerifier(keys *KeySet) *PassVerifier {
	return &PassVerifier{keys: keys, young: map[[sha256.Size]byte]Pass{}}
}

// Verify returns the pass in token if it is genuine ([ErrForged]) and valid at
// nowMS, in Unix milliseconds ([ErrExpired]). Without keys to check it with,
// the error is [ErrKeysUnavailable]: nobody is let in on trust. Whose pass it
// is and whether it was revoked is for the caller to check.
func (v *PassVerifier) Verify(ctx context.Context, token string, nowMS int64) (Pass, error) {
	if token == "" || len(token) > maxPass {
		return Pass{}, fmt.Errorf("verify pass: %w", ErrForged)
	}
	digest := sha256.Sum256([]byte(token))
	pass, ok := v.recall(digest)
	if !ok {
		var err error
		if pass, err = v.check(ctx, token); err != nil {
			return Pass{}, fmt.Errorf("verify pass: %w", err)
		}
		v.remember(digest, pass)
	}
	if nowMS >= pass.ExpiresMS {
		return Pass{}, fmt.Errorf("verify pass: %w", ErrExpired)
	}
	return pass, nil
}

func (v *PassVerifier) check(ctx context.Context, token string) (Pass, error) {
	return parsePass(token, func(kid string) (ed25519.PublicKey, error) {
		key, err := v.keys.Key(ctx, kid)
		if err != nil {
			return nil, err
		}
		public, ok := key.Key.(ed25519.PublicKey)
		if !ok || key.Algorithm != jwt.SigningMethodEdDSA.Alg() {
			return nil, ErrForged
		}
		return public, nil
	})
}

func (v *PassVerifier) recall(digest [sha256.Size]byte) (Pass, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if pass, ok := v.young[digest]; ok {
		return pass, true
	}
	pass, ok := v.old[digest]
	if ok {
		v.insert(digest, pass)
	}
	return pass, ok
}

func (v *PassVerifier) remember(digest [sha256.Size]byte, pass Pass) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.insert(digest, pass)
}

// insert drops the older generation when the younger is full, which forgets
// the passes unused the longest without tracking each one's use.
func (v *PassVerifier) insert(digest [sha256.Size]byte, pass Pass) {
	if len(v.young) >= verifiedPasses {
		v.young, v.old = map[[sha256.Size]byte]Pass{}, v.young
	}
	v.young[digest] = pass
}
