package legacy

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"sync"
	"time"
)

// grantLife is how long a code may be exchanged, and maxGrants how many wait
// for it at once: a browser comes straight back.
const (
	grantLife = time.Minute
	maxGrants = 100_000
)

// ErrGrant is the answer to a code that is unknown, used, expired or presented
// by someone else than it was made for.
var ErrGrant = errors.New("the code is not valid")

// grant is what a code stands for.
type grant struct {
	provider, redirect, challenge string
	person                        Person
	// lying says that the token shall not verify.
	lying   bool
	expires time.Time
}

// grants are the codes given out and not yet exchanged. They are kept in
// memory: who is on the way while the issuer restarts begins anew.
type grants struct {
	mu     sync.Mutex
	byCode map[string]grant
}

func newGrants() *grants { return &grants{byCode: map[string]grant{}} }

// give returns a code for the grant.
func (g *grants) give(made grant, now time.Time) (code string, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if len(g.byCode) >= maxGrants {
		for code, old := range g.byCode {
			if now.After(old.expires) {
				delete(g.byCode, code)
			}
		}
	}
	if len(g.byCode) >= maxGrants {
		return "", ErrFull
	}
	made.expires = now.Add(grantLife)
	code = rand.Text()
	g.byCode[code] = made
	return code, nil
}

// take exchanges a code, once, for who shows where it was sent and the secret
// behind its challenge (RFC 7636, S256). A wrong try uses the code up.
func (g *grants) take(code, redirect, verifier string, now time.Time) (grant, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	made, ok := g.byCode[code]
	delete(g.byCode, code)
	sum := sha256.Sum256([]byte(verifier))
	shown := base64.RawURLEncoding.EncodeToString(sum[:])
	if !ok || now.After(made.expires) || made.redirect != redirect ||
		subtle.ConstantTimeCompare([]byte(shown), []byte(made.challenge)) != 1 {
		return grant{}, ErrGrant
	}
	return made, nil
}
