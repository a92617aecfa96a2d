package direct

import (
	"context"
	"net/http"
	"sync"
	"time"
)

// keepIdle is how long a connection is kept that nobody uses: less than servers
// keep them.
const keepIdle = time.Minute

// host is one server and the connections to it.
type host struct {
	config  *Config
	address string
	secure  bool
	places  chan struct{} // one for each exchange under way

	mu   sync.Mutex
	idle []*conn // the one used last at the end
	// watched says that a timer looks after those that nobody uses any more.
	watched bool
}

// enter takes a place among the exchanges under way.
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

// ask makes one exchange, on a kept connection where there is one. The place is
// the answer's body's then, or the caller's where there is none. An answer that
// comes with an error does not tell what became of the request.
func (h *host) ask(r *http.Request) (*http.Response, error) {
	if c := h.take(); c != nil {
		resp, err := c.ask(r)
		if err == nil || !silent(err) {
			return resp, err
		}
		second, harmless := again(r)
		if !harmless {
			return nil, err
		}
		resp, unreached := h.askAnew(second)
		if unreached == nil && (isRead(r) || resp.StatusCode < http.StatusBadRequest) {
			return resp, nil
		}
		// Perhaps the first was heard, whatever became of the second.
		return resp, err
	}
	return h.askAnew(r)
}

func (h *host) askAnew(r *http.Request) (*http.Response, error) {
	raw, err := h.dial(r.Context())
	if err != nil {
		closeBody(r)
		return nil, err
	}
	return newConn(h, raw).ask(r)
}

// take returns the connection used last that is still open, or nil.
func (h *host) take() *conn {
	for {
		h.mu.Lock()
		last := len(h.idle) - 1
		if last < 0 {
			h.mu.Unlock()
			return nil
		}
		c := h.idle[last]
		h.idle[last] = nil
		h.idle = h.idle[:last]
		h.mu.Unlock()
		if c.open() {
			return c
		}
		c.Close()
	}
}

// keep puts a connection aside for the next.
func (h *host) keep(c *conn) {
	c.since = time.Now()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.idle = append(h.idle, c)
	if !h.watched {
		h.watched = true
		time.AfterFunc(keepIdle, h.watch)
	}
}

// watch closes what nobody has used for a while, for as long as there is anything.
func (h *host) watch() {
	h.prune(time.Now().Add(-keepIdle))
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.watched = len(h.idle) > 0; h.watched {
		time.AfterFunc(keepIdle, h.watch)
	}
}

// prune closes the connections unused since before a time.
func (h *host) prune(before time.Time) {
	h.mu.Lock()
	n := 0
	for n < len(h.idle) && h.idle[n].since.Before(before) {
		n++
	}
	old := append([]*conn(nil), h.idle[:n]...)
	rest := copy(h.idle, h.idle[n:])
	clear(h.idle[rest:])
	h.idle = h.idle[:rest]
	h.mu.Unlock()
	for _, c := range old {
		c.Close()
	}
}
