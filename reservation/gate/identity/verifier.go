package identity

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"
	"golang.org/x/oauth2"
	"golang.org/x/sync/singleflight"
	"golang.org/x/time/rate"

	"sunbeon/reservation/credential"
)

// maxAssertion bounds an assertion in bytes before any work is spent on it.
const maxAssertion = 8 << 10

// algorithms are the pinned ones, whatever the issuer's discovery document or
// a token's header says.
var algorithms = []string{oidc.ES256, oidc.EdDSA}

// Config names the issuer.
type Config struct {
	// Issuer is the issuer's URL, exactly as its tokens spell it.
	Issuer string
	// ClientID is what the issuer calls us, and whom assertions must be meant
	// for. ClientSecret is empty where the issuer gave none: PKCE protects
	// the exchange either way.
	ClientID, ClientSecret string
	// Client asks it; its timeout bounds each question.
	Client *http.Client
	// Now is the clock.
	Now func() time.Time
}

// Verifier checks assertions of one issuer. It finds the issuer when first
// asked, so that neither has to start before the other.
type Verifier struct {
	config Config
	parser *jwt.Parser

	issuer atomic.Pointer[issuer]
	flight singleflight.Group
	limit  *rate.Limiter
}

// New returns a verifier. It does not contact the issuer yet.
func New(config Config) *Verifier {
	return &Verifier{
		config: config,
		parser: jwt.NewParser(jwt.WithValidMethods(algorithms), jwt.WithStrictDecoding(), jwt.WithIssuer(config.Issuer),
			jwt.WithAudience(config.ClientID), jwt.WithExpirationRequired(), jwt.WithTimeFunc(config.Now)),
		limit: rate.NewLimiter(rate.Every(time.Second), 2),
	}
}

// issuer is what the discovery document says of it.
type issuer struct {
	keys     *credential.KeySet
	endpoint oauth2.Endpoint
}

// Verify returns the person an assertion vouches for. The error is
// [ErrInvalid] or [ErrUnavailable].
func (v *Verifier) Verify(ctx context.Context, assertion string) (Person, error) {
	person, _, err := v.verify(ctx, assertion)
	return person, err
}

// verify also returns the nonce the assertion was asked for with.
func (v *Verifier) verify(ctx context.Context, assertion string) (Person, string, error) {
	if assertion == "" || len(assertion) > maxAssertion {
		return Person{}, "", fmt.Errorf("verify identity: %w", ErrInvalid)
	}
	issuer, err := v.discover(ctx)
	if err != nil {
		return Person{}, "", fmt.Errorf("verify identity: %w", err)
	}
	var said claims
	_, err = v.parser.ParseWithClaims(assertion, &said, func(t *jwt.Token) (any, error) { return issuer.key(ctx, t) })
	if errors.Is(err, credential.ErrKeysUnavailable) {
		return Person{}, "", fmt.Errorf("verify identity: %w: %w", ErrUnavailable, err)
	}
	if err == nil {
		err = said.Person.settle()
	}
	if err != nil {
		return Person{}, "", fmt.Errorf("verify identity: %w: %w", ErrInvalid, err)
	}
	return said.Person, said.Nonce, nil
}

// discover asks the issuer where its keys and its pages are, once it answers. Failures are
// not repeated more than once a second, however many people wait.
func (v *Verifier) discover(ctx context.Context) (*issuer, error) {
	if found := v.issuer.Load(); found != nil {
		return found, nil
	}
	// One caller giving up must not end it for the others.
	shared := oidc.ClientContext(context.WithoutCancel(ctx), v.config.Client)
	_, err, _ := v.flight.Do("discover", func() (any, error) {
		if v.issuer.Load() != nil {
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
		v.issuer.Store(&issuer{credential.NewKeySet(document.JWKS, v.config.Client), provider.Endpoint()})
		return nil, nil
	})
	if err != nil {
		return nil, err
	}
	return v.issuer.Load(), nil
}

// key is the one that an assertion names.
func (i *issuer) key(ctx context.Context, t *jwt.Token) (any, error) {
	id, _ := t.Header["kid"].(string)
	key, err := i.keys.Key(ctx, id)
	if err != nil {
		return nil, err
	}
	_, critical := t.Header["crit"]
	switch {
	case key.Algorithm != "" && key.Algorithm != t.Method.Alg():
		return nil, errors.New("the key is for another algorithm")
	case critical: // RFC 7515, section 4.1.11
		return nil, errors.New("it must not be accepted by who does not know an extension")
	}
	return key.Key, nil
}
