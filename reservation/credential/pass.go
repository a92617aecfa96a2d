package credential

import (
	"crypto"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// Pass lets one called person into the booking pages.
type Pass struct {
	// ID names the pass in the log and in the list of revoked passes.
	ID     string
	Cohort string
	// Person is the holder's [PersonKey.Ref].
	Person string
	// Turn is the turn that was called, under the numbered Segment.
	Turn, Segment int64
	// IssuedMS and ExpiresMS are in Unix milliseconds.
	IssuedMS, ExpiresMS int64
}

// BoundTo reports whether the pass belongs to the person with this
// [PersonKey.Ref]; if not the error is [ErrOtherPerson].
func (p Pass) BoundTo(person string) error {
	if p.Person == "" || p.Person != person {
		return fmt.Errorf("check pass: %w", ErrOtherPerson)
	}
	return nil
}

// passIssuer is the iss claim of every pass.
const passIssuer = "sunbeon"

// passClaims is a pass's payload. The registered times are whole seconds, for
// strangers; the ones in milliseconds count.
type passClaims struct {
	Cohort    string `json:"cohort"`
	Turn      int64  `json:"turn"`
	Segment   int64  `json:"segment"`
	IssuedMS  int64  `json:"iat_ms"`
	ExpiresMS int64  `json:"exp_ms"`
	Issuer    string `json:"iss"`
	Person    string `json:"sub"`
	Expires   int64  `json:"exp"`
	Issued    int64  `json:"iat"`
	ID        string `json:"jti"`

	jwt.Claims `json:"-"` // nil: the parser looks at none of them
}

// IssuedHeader is how a gate tells a booking server which pass in the request is one
// it has signed itself: it repeats the pass. Nobody else's word counts.
const IssuedHeader = "X-Sunbeon-Pass-Issued"

// freshPasses is how many passes each of the two generations of a signer's memory
// holds: those of some seconds at any rate of admission.
const freshPasses = 1 << 13

// PassSigner issues passes. Ed25519 is deterministic, so the same pass always
// has the same bytes, however often it is fetched and across restarts.
type PassSigner struct {
	key    ed25519.PrivateKey
	kid    string
	header string // of every pass, with the dot behind it
	jwks   []byte
	fresh  recent[string, struct{}] // tokens made and not vouched for
}

// LoadPassSigner reads pass.key from dir.
func LoadPassSigner(dir string) (*PassSigner, error) {
	key, err := LoadSigningKey(dir, "pass.key")
	if err != nil {
		return nil, err
	}
	return NewPassSigner(key)
}

// NewPassSigner returns a signer whose key identifier is the key's RFC 7638
// thumbprint.
func NewPassSigner(key ed25519.PrivateKey) (*PassSigner, error) {
	public := jose.JSONWebKey{Key: key.Public(), Algorithm: jwt.SigningMethodEdDSA.Alg(), Use: "sig"}
	thumbprint, err := public.Thumbprint(crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("pass key: %w", err)
	}
	public.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	jwks, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{public}})
	if err != nil {
		return nil, fmt.Errorf("publish pass key: %w", err)
	}
	header, err := json.Marshal(map[string]string{"alg": public.Algorithm, "kid": public.KeyID, "typ": "JWT"})
	if err != nil {
		return nil, fmt.Errorf("head of passes: %w", err)
	}
	return &PassSigner{key: key, kid: public.KeyID, header: base64.RawURLEncoding.EncodeToString(header) + ".", jwks: jwks,
		fresh: newRecent[string, struct{}](freshPasses),
	}, nil
}

// Sign returns the pass as a JWT.
func (s *PassSigner) Sign(p Pass) (string, error) {
	claims, err := json.Marshal(passClaims{
		Cohort: p.Cohort, Turn: p.Turn, Segment: p.Segment, IssuedMS: p.IssuedMS, ExpiresMS: p.ExpiresMS,
		Issuer: passIssuer, Person: p.Person, Expires: p.ExpiresMS / 1000, Issued: p.IssuedMS / 1000, ID: p.ID,
	})
	if err != nil {
		return "", fmt.Errorf("sign pass: %w", err)
	}
	token := base64.RawURLEncoding.AppendEncode([]byte(s.header), claims)
	signature := ed25519.Sign(s.key, token)
	pass := string(base64.RawURLEncoding.AppendEncode(append(token, '.'), signature))
	s.fresh.remember(pass, struct{}{})
	return pass, nil
}

// Vouch reports whether a token is, to the byte, one that this signer made lately.
// It says so once: whoever asks then need not check the signature, and remembers.
func (s *PassSigner) Vouch(token string) bool { return s.fresh.forget(token) }

// JWKS is the key set to publish, as JSON. The caller must not change it.
func (s *PassSigner) JWKS() []byte { return s.jwks }

// Verify returns the pass in token if this signer issued it ([ErrForged]) and
// it is valid at nowMS, in Unix milliseconds ([ErrExpired]).
func (s *PassSigner) Verify(token string, nowMS int64) (Pass, error) {
	pass, err := parsePass(token, func(kid string) (ed25519.PublicKey, error) {
		if kid != s.kid {
			return nil, ErrForged
		}
		return s.key.Public().(ed25519.PublicKey), nil
	})
	if err != nil {
		return Pass{}, fmt.Errorf("verify pass: %w", err)
	}
	if nowMS >= pass.ExpiresMS {
		return Pass{}, fmt.Errorf("verify pass: %w", ErrExpired)
	}
	return pass, nil
}

// maxPass bounds a pass in bytes before any work is spent on it.
const maxPass = 2048

// passParser leaves the times to its callers, who are told what time it is.
var passParser = jwt.NewParser(
	jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()}),
	jwt.WithStrictDecoding(),
	jwt.WithoutClaimsValidation(),
)

// keyOf finds the key of that identifier. The error is [ErrForged] where there is
// none, or [ErrKeysUnavailable].
type keyOf func(kid string) (ed25519.PublicKey, error)

// parsePass returns the genuine pass in token, expired or not. The error is
// [ErrForged], or [ErrKeysUnavailable] where the key says so.
func parsePass(token string, key keyOf) (Pass, error) {
	if token == "" || len(token) > maxPass {
		return Pass{}, ErrForged
	}
	var claims passClaims
	_, err := passParser.ParseWithClaims(token, &claims, func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		return key(kid)
	})
	if errors.Is(err, ErrKeysUnavailable) {
		return Pass{}, ErrKeysUnavailable
	}
	if err != nil {
		return Pass{}, ErrForged
	}
	return claims.pass()
}

// readPass is parsePass, but for the signature, for which somebody else vouches. Its
// key must be known all the same.
func readPass(token string, key keyOf) (Pass, error) {
	head, _, _ := strings.Cut(token, ".")
	var header struct{ Alg, Kid string }
	raw, err := strictBase64.DecodeString(head)
	if err != nil || json.Unmarshal(raw, &header) != nil || header.Alg != jwt.SigningMethodEdDSA.Alg() {
		return Pass{}, ErrForged
	}
	if _, err := key(header.Kid); err != nil {
		return Pass{}, err
	}
	return ReadPass(token)
}

// ReadPass returns the pass in a token that a trusted process has verified just
// now, without verifying it again. The error is [ErrForged] where it is none.
func ReadPass(token string) (Pass, error) {
	_, behind, _ := strings.Cut(token, ".")
	payload, _, whole := strings.Cut(behind, ".")
	if !whole || len(token) > maxPass {
		return Pass{}, ErrForged
	}
	var claims passClaims
	raw, err := strictBase64.DecodeString(payload)
	if err != nil || json.Unmarshal(raw, &claims) != nil {
		return Pass{}, ErrForged
	}
	return claims.pass()
}

func (c *passClaims) pass() (Pass, error) {
	if c.Issuer != passIssuer || c.ID == "" || c.Person == "" {
		return Pass{}, ErrForged
	}
	return Pass{
		ID: c.ID, Cohort: c.Cohort, Person: c.Person,
		Turn: c.Turn, Segment: c.Segment,
		IssuedMS: c.IssuedMS, ExpiresMS: c.ExpiresMS,
	}, nil
}
