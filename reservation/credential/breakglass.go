package credential

import (
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// BreakGlassLife is how old a break-glass token may be: one is made before each
// evening, so that none lies about for years.
const BreakGlassLife = 24 * time.Hour

// maxOwner bounds the name in a token, in bytes.
const maxOwner = 128

// BreakGlassKey signs and verifies the tokens that stop the line when no
// control plane answers. Whoever holds one can stop it and let it go on, and
// nothing else.
type BreakGlassKey struct {
	key []byte
	now func() time.Time
}

// NewBreakGlassKey derives the key from a secret that all gates share.
func NewBreakGlassKey(secret []byte, now func() time.Time) (*BreakGlassKey, error) {
	key, err := derive(secret, "sunbeon break-glass v1")
	if err != nil {
		return nil, err
	}
	return &BreakGlassKey{key: key, now: now}, nil
}

// Sign makes a token for owner, a person who can be asked later.
func (k *BreakGlassKey) Sign(owner string) (string, error) {
	if owner == "" || len(owner) > maxOwner {
		return "", fmt.Errorf("sign break-glass token: name its owner in at most %d bytes", maxOwner)
	}
	now := k.now()
	token, err := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.RegisteredClaims{
		Subject: owner, IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(BreakGlassLife)),
	}).SignedString(k.key)
	if err != nil {
		return "", fmt.Errorf("sign break-glass token: %w", err)
	}
	return token, nil
}

// Verify returns the token's owner if it is genuine ([ErrForged]) and not older
// than [BreakGlassLife] ([ErrExpired]), whatever it says itself.
func (k *BreakGlassKey) Verify(token string) (owner string, err error) {
	var claims jwt.RegisteredClaims
	parser := jwt.NewParser(jwt.WithValidMethods([]string{jwt.SigningMethodHS256.Alg()}),
		jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation())
	if _, err := parser.ParseWithClaims(token, &claims, func(*jwt.Token) (any, error) { return k.key, nil }); err != nil {
		return "", fmt.Errorf("verify break-glass token: %w: %v", ErrForged, err)
	}
	if claims.Subject == "" || claims.IssuedAt == nil {
		return "", fmt.Errorf("verify break-glass token: %w", ErrForged)
	}
	if age := k.now().Sub(claims.IssuedAt.Time); age > BreakGlassLife || age < -time.Minute {
		return "", fmt.Errorf("verify break-glass token: %w: made %s ago", ErrExpired, age.Round(time.Second))
	}
	return claims.Subject, nil
}
