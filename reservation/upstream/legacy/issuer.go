package legacy

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/golang-jwt/jwt/v5"
)

// Audience is whom assertions are for.
const Audience = "sunbeon"

// assertionLife is how long an assertion may be exchanged for a login.
const assertionLife = 10 * time.Minute

// Issuer is the synthetic OIDC issuer: it vouches for any well-formed person.
type Issuer struct {
	url    string
	key    jose.JSONWebKey
	forged jose.JSONWebKey // signs what a lying issuer returns; nobody published it
}

// NewIssuer opens the issuer that calls itself url. With a directory its key is
// kept there, so that assertions outlive a restart; without one it is new each
// time.
func NewIssuer(url, dir string) (*Issuer, error) {
	key, err := loadKey(dir)
	if err != nil {
		return nil, fmt.Errorf("issuer key: %w", err)
	}
	forged, err := newKey()
	if err != nil {
		return nil, fmt.Errorf("issuer key: %w", err)
	}
	forged.KeyID = key.KeyID
	return &Issuer{url: url, key: key, forged: forged}, nil
}

func newKey() (jose.JSONWebKey, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	key := jose.JSONWebKey{Key: private, Algorithm: string(jose.ES256), Use: "sig"}
	thumbprint, err := key.Thumbprint(crypto.SHA256)
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	key.KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	return key, nil
}

func loadKey(dir string) (jose.JSONWebKey, error) {
	if dir == "" {
		return newKey()
	}
	path := filepath.Join(dir, "issuer.jwk")
	document, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return storeNewKey(path)
	}
	if err != nil {
		return jose.JSONWebKey{}, err
	}
	var key jose.JSONWebKey
	if err := json.Unmarshal(document, &key); err != nil {
		return key, fmt.Errorf("%s: %w", path, err)
	}
	if _, private := key.Key.(*ecdsa.PrivateKey); !private || !key.Valid() {
		return key, fmt.Errorf("%s holds no private key for %s", path, jose.ES256)
	}
	return key, nil
}

func storeNewKey(path string) (jose.JSONWebKey, error) {
	key, err := newKey()
	if err != nil {
		return key, err
	}
	document, err := json.Marshal(key)
	if err != nil {
		return key, err
	}
	// Renamed into place, so that a crash leaves no half key behind.
	if err := os.WriteFile(path+".new", document, 0o600); err != nil {
		return key, err
	}
	return key, os.Rename(path+".new", path)
}

// Claims are what an assertion says.
type Claims struct {
	jwt.RegisteredClaims
	Nonce    string `json:"nonce,omitempty"`
	CI       string `json:"ci"`
	Name     string `json:"name"`
	Birth    string `json:"birthdate"`
	Phone    string `json:"phone_number,omitempty"`
	Province string `json:"province,omitempty"`
	Provider string `json:"provider"`
}

// Assert signs an assertion about a person identified by a provider.
func (i *Issuer) Assert(provider string, person Person, now time.Time) (string, error) {
	return i.sign(i.key, provider, person, now)
}

// Forge is Assert with a signature that does not verify.
func (i *Issuer) Forge(provider string, person Person, now time.Time) (string, error) {
	return i.sign(i.forged, provider, person, now)
}

func (i *Issuer) sign(key jose.JSONWebKey, provider string, person Person, now time.Time) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodES256, Claims{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    i.url,
			Audience:  jwt.ClaimStrings{Audience},
			Subject:   subject(provider, person.Digits),
			IssuedAt:  jwt.NewNumericDate(now),
			ExpiresAt: jwt.NewNumericDate(now.Add(assertionLife)),
		},
		Nonce:    person.Nonce,
		CI:       ConnectingInformation(person.Digits),
		Name:     person.Name,
		Birth:    person.Birth,
		Phone:    person.Phone,
		Province: person.Province,
		Provider: provider,
	})
	token.Header["kid"] = key.KeyID
	return token.SignedString(key.Key)
}

// JWKS is the set of keys that verify assertions.
func (i *Issuer) JWKS() jose.JSONWebKeySet {
	return jose.JSONWebKeySet{Keys: []jose.JSONWebKey{i.key.Public()}}
}

// Discovery is the issuer's OpenID Connect discovery document.
type Discovery struct {
	Issuer                string   `json:"issuer"`
	JWKSURI               string   `json:"jwks_uri"`
	AuthorizationEndpoint string   `json:"authorization_endpoint"`
	TokenEndpoint         string   `json:"token_endpoint"`
	ResponseTypes         []string `json:"response_types_supported"`
	GrantTypes            []string `json:"grant_types_supported"`
	ChallengeMethods      []string `json:"code_challenge_methods_supported"`
	SubjectTypes          []string `json:"subject_types_supported"`
	Algorithms            []string `json:"id_token_signing_alg_values_supported"`
	Scopes                []string `json:"scopes_supported"`
	ClaimsSupported       []string `json:"claims_supported"`
}

// Discovery describes the issuer.
func (i *Issuer) Discovery() Discovery {
	return Discovery{
		Issuer:                i.url,
		JWKSURI:               i.url + "/jwks.json",
		AuthorizationEndpoint: i.url + "/authorize",
		TokenEndpoint:         i.url + "/token",
		ResponseTypes:         []string{"code"},
		GrantTypes:            []string{"authorization_code"},
		ChallengeMethods:      []string{"S256"},
		SubjectTypes:          []string{"pairwise"},
		Algorithms:            []string{string(jose.ES256)},
		Scopes:                []string{"openid"},
		ClaimsSupported:       []string{"iss", "aud", "sub", "iat", "exp", "nonce", "ci", "name", "birthdate", "phone_number", "province", "provider"},
	}
}
