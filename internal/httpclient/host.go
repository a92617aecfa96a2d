package httpclient

import (
	"context"
	"crypto/tls"
	"slices"
	"sync"
	"time"
)

// host is the connections to one server.
type host struct {
	address
	dials   string // host and port
	tls     *tls.Config
	places  chan struct{} // one a request under way
	idleFor time.Duration

	mu     sync.Mutex
	unused []*conn // the latest used last, which is taken first
	sweep  *time.Timer
}

func (h *host) enter(ctx context.Context) error {
	select {
	case h.places <- struct{}{}:
		return nil
	default:
	}
	select {
	case h.places <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (h *host) leave() { <-h.places }

// idle takes a connection that is still there, or returns nil.
func (h *host) idle() *conn {
	for {
		h.mu.Lock()
		if len(h.unused) == 0 {
			h.mu.Unlock()
			return nil
		}
		last := len(h.unused) - 1
		c := h.unused[last]
		h.unused[last], h.unused = nil, h.unused[:last]
		h.mu.Unlock()
		if c.quiet() {
			return c
		}
		c.Close()
	}
}

// keep puts a connection back that has nothing left to say.
func (h *host) keep(c *conn) {
	c.since = time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.unused = append(h.unused, c)
	if h.sweep == nil {
		h.sweep = time.AfterFunc(h.idleFor, h.tidy)
	}
}

// tidy closes what nobody has used for a while, and comes again for the rest.
func (h *host) tidy() {
	h.closeIdle(time.Now().Add(-h.idleFor))
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.sweep = nil; len(h.unused) > 0 {
		h.sweep = time.AfterFunc(h.idleFor/2, h.tidy)
	}
}

// closeIdle closes what has not been used since a time.
func (h *host) closeIdle(since time.Time) {
	h.mu.Lock()
	n := slices.IndexFunc(h.unused, func(c *conn) bool { return c.since.After(since) })
	if n < 0 {
		n = len(h.unused)
	}
	old := slices.Clone(h.unused[:n])
	h.unused = slices.Delete(h.unused, 0, n)
	h.mu.Unlock()
	for _, c := range old {
		c.Close()
	}
}
