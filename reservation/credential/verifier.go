package credential

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"fmt"

	"github.com/golang-jwt/jwt/v5"
)

// verifiedPasses is how many checked passes each of the two generations of a
// verifier's memory holds.
const verifiedPasses = 1 << 16

// PassVerifier checks passes against the published keys. A pass travels with
// every request of a session, so a checked one is remembered by its digest
// and costs a hash the next time.
type PassVerifier struct {
	keys    *KeySet
	genuine recent[[sha256.Size]byte, Pass]
}

// NewPassVerifier returns a verifier that takes its keys from keys.
func NewPassVerifier(keys *KeySet) *PassVerifier {
	return &PassVerifier{keys: keys, genuine: newRecent[[sha256.Size]byte, Pass](verifiedPasses)}
}

// Verify returns the pass in token if it is genuine ([ErrForged]) and valid at
// nowMS, in Unix milliseconds ([ErrExpired]). Without keys to check it with,
// the error is [ErrKeysUnavailable]: nobody is let in on trust. Whose pass it
// is and whether it was revoked is for the caller to check.
func (v *PassVerifier) Verify(ctx context.Context, token string, nowMS int64) (Pass, error) {
	return v.valid(token, nowMS, func() (Pass, error) { return parsePass(token, v.keyOf(ctx)) })
}

// VerifyIssued is Verify for a token whose issuer has just said that it signed
// those very bytes: its word takes the place of the signature, and of nothing else.
func (v *PassVerifier) VerifyIssued(ctx context.Context, token string, nowMS int64) (Pass, error) {
	return v.valid(token, nowMS, func() (Pass, error) { return readPass(token, v.keyOf(ctx)) })
}

func (v *PassVerifier) valid(token string, nowMS int64, check func() (Pass, error)) (Pass, error) {
	if token == "" || len(token) > maxPass {
		return Pass{}, fmt.Errorf("verify pass: %w", ErrForged)
	}
	digest := sha256.Sum256([]byte(token))
	pass, ok := v.genuine.recall(digest)
	if !ok {
		var err error
		if pass, err = check(); err != nil {
			return Pass{}, fmt.Errorf("verify pass: %w", err)
		}
		v.genuine.remember(digest, pass)
	}
	if nowMS >= pass.ExpiresMS {
		return Pass{}, fmt.Errorf("verify pass: %w", ErrExpired)
	}
	return pass, nil
}

// keyOf looks a key of passes up.
func (v *PassVerifier) keyOf(ctx context.Context) keyOf {
	return func(kid string) (ed25519.PublicKey, error) {
		key, err := v.keys.Key(ctx, kid)
		if err != nil {
			return nil, err
		}
		public, ok := key.Key.(ed25519.PublicKey)
		if !ok || key.Algorithm != jwt.SigningMethodEdDSA.Alg() {
			return nil, ErrForged
		}
		return public, nil
	}
}
