package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"sunbeon/reservation/credential"
)

// audience is whom assertions must be meant for.
const audience = "sunbeon"

// maxAssertion bounds an assertion in bytes before any work is spent on it.
const maxAssertion = 8 << 10

// algorithms are the pinned ones, whatever the issuer's discovery document or
// a token's header says.
var algorithms = []string{oidc.ES256, oidc.EdDSA}

// Config names the issuer.
type Config struct {
	// Issuer is the issuer's URL, exactly as its tokens spell it.
	Issuer string
	// Client asks it; its timeout bounds each question.
	Client *http.Client
	// Now is the clock.
	Now func() time.Time
}

// Verifier checks assertions of one issuer. It finds the issuer when first
// asked, so that neither has to start before the other.
type Verifier struct {
	config Config

	keys   atomic.Pointer[credential.KeySet]
	flight singleflight.Group
	limit  *rate.Limiter
}

// New returns a verifier. It does not contact the issuer yet.
func New(config Config) *Verifier {
	return &Verifier{config: config, limit: rate.NewLimiter(rate.Every(time.Second), 2)}
}

// Verify returns the person an assertion vouches for. The error is
// [ErrInvalid] or [ErrUnavailable].
func (v *Verifier) Verify(ctx context.Context, assertion string) (Person, error) {
	if assertion == "" || len(assertion) > maxAssertion {
		return Person{}, fmt.Errorf("verify identity: %w", ErrInvalid)
	}
	keys, err := v.discover(ctx)
	if err != nil {
		return Person{}, fmt.Errorf("verify identity: %w", err)
	}
	check := &signatureCheck{keys: keys}
	token, err := oidc.NewVerifier(v.config.Issuer, check, &oidc.Config{
		ClientID: audience, SupportedSigningAlgs: algorithms, Now: v.config.Now,
	}).Verify(ctx, assertion)
	if errors.Is(check.err, credential.ErrKeysUnavailable) {
		return Person{}, fmt.Errorf("verify identity: %w: %w", ErrUnavailable, check.err)
	}
	if err != nil {
		return Person{}, fmt.Errorf("verify identity: %w: %w", ErrInvalid, err)
	}
	person, err := personOf(token)
	if err != nil {
		return Person{}, fmt.Errorf("verify identity: %w: %w", ErrInvalid, err)
	}
	return person, nil
}

// discover asks the issuer where its keys are, once it answers. Failures are
// not repeated more than once a second, however many people wait.
func (v *Verifier) discover(ctx context.Context) (*credential.KeySet, error) {
	if keys := v.keys.Load(); keys != nil {
		return keys, nil
	}
	// One caller giving up must not end it for the others.
	shared := oidc.ClientContext(context.WithoutCancel(ctx), v.config.Client)
	_, err, _ := v.flight.Do("discover", func() (any, error) {
		if v.keys.Load() != nil {
			return nil, nil
		}
		if !v.limit.Allow() {
			return nil, ErrUnavailable
		}
		provider, err := oidc.NewProvider(shared, v.config.Issuer)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrUnavailable, err)
		}
		var document struct {
			JWKS string `json:"jwks_uri"`
		}
		if err := provider.Claims(&document); err != nil || document.JWKS == "" {
			return nil, fmt.Errorf("%w: its discovery document names no keys", ErrUnavailable)
		}
		v.keys.Store(credential.NewKeySet(document.JWKS, v.config.Client))
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	return v.keys.Load(), nil
}

// signatureCheck verifies one assertion's signature for go-oidc, whose own
// errors do not tell a bad signature from keys that could not be fetched.
type signatureCheck struct {
	keys *credential.KeySet
	err  error
}

func (c *signatureCheck) VerifySignature(ctx context.Context, token string) ([]byte, error) {
	payload, err := c.verify(ctx, token)
	c.err = err
	return payload, err
}

func (c *signatureCheck) verify(ctx context.Context, token string) ([]byte, error) {
	jws, err := jose.ParseSigned(token, []jose.SignatureAlgorithm{jose.ES256, jose.EdDSA})
	if err != nil {
		return nil, fmt.Errorf("parse assertion: %w", err)
	}
	header := jws.Signatures[0].Header
	key, err := c.keys.Key(ctx, header.KeyID)
	if err != nil {
		return nil, err
	}
	if key.Algorithm != "" && key.Algorithm != header.Algorithm {
		return nil, errors.New("the key is for another algorithm")
	}
	return jws.Verify(&key)
}
