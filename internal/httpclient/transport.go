// Package httpclient makes HTTP/1.1 requests over kept connections, each in the
// goroutine that asks. [http.Transport] hands every request to one goroutine and
// every answer to another; between neighbours that answer within a millisecond
// the handing over costs more processor time than the request. What goes over
// the wire is written and read by net/http all the same.
//
// It is for a few hosts that are known beforehand: no proxies, no redirects, no
// HTTP/2, no compression, no upgrades.
package httpclient

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync"
	"time"
)

// Transport is an [http.RoundTripper]. Zero fields are the defaults told; none
// may change once it is in use.
type Transport struct {
	// TLS is for https; its ServerName is the request's host where empty.
	TLS *tls.Config
	// DialWithin bounds making a connection, TLS included; default 5 s.
	DialWithin time.Duration
	// AnswerWithin bounds the wait for an answer, to its last byte; 0 leaves
	// that to the request's context.
	AnswerWithin time.Duration
	// IdleFor is how long a connection that nobody uses is kept; it must be
	// shorter than servers keep theirs. Default 60 s.
	IdleFor time.Duration
	// MaxPerHost is how many requests to one host are under way at once, and so
	// how many connections it has; others wait. Default 1024.
	MaxPerHost int

	mu    sync.Mutex
	hosts map[address]*host
}

// address is where connections go.
type address struct{ scheme, host string }

const (
	defaultDial    = 5 * time.Second
	defaultIdle    = time.Minute
	defaultPerHost = 1024
)

// RoundTrip makes one exchange. A connection that the server closed while it was
// idle is replaced, once, where the request can be repeated: it reads, or has an
// Idempotency-Key, and its body can be had again. The error of a connection that
// could not be made, TLS included, is a [net.OpError] of the operation "dial".
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if r.URL.Scheme != "http" && r.URL.Scheme != "https" || r.URL.Host == "" {
		closeBody(r)
		return nil, errors.New("httpclient: want an http or https URL with a host")
	}
	h := t.host(address{r.URL.Scheme, r.URL.Host})
	if err := h.enter(ctx); err != nil {
		closeBody(r)
		return nil, err
	}
	resp, stale, err := t.attempt(h, r, h.idle())
	if err != nil && stale && ctx.Err() == nil && repeatable(r) {
		if r.GetBody != nil {
			again := *r
			if again.Body, err = r.GetBody(); err != nil {
				h.leave()
				return nil, err
			}
			r = &again
		}
		resp, _, err = t.attempt(h, r, nil)
	}
	if err == nil {
		return resp, nil
	}
	h.leave()
	if ended := ctx.Err(); ended != nil {
		err = ended
	}
	return nil, err
}

// attempt makes the exchange over c, or over a new connection. It is stale if c
// ended without a byte of an answer.
func (t *Transport) attempt(h *host, r *http.Request, c *conn) (_ *http.Response, stale bool, err error) {
	kept := c != nil
	if !kept {
		if c, err = t.dial(r.Context(), h); err != nil {
			closeBody(r)
			return nil, false, err
		}
	}
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{Conn: c, Reused: kept})
	}
	resp, err := c.exchange(r, t.AnswerWithin)
	if err != nil {
		c.Close()
		return nil, kept && !c.answered(), err
	}
	return resp, false, nil
}

// repeatable is whether doing it twice does no harm and can be done at all.
func repeatable(r *http.Request) bool {
	if r.Body != nil && r.Body != http.NoBody && r.GetBody == nil {
		return false
	}
	switch r.Method {
	case "", http.MethodGet, http.MethodHead, http.MethodOptions:
		return true
	}
	return len(r.Header["Idempotency-Key"]) > 0
}

func (t *Transport) dial(ctx context.Context, h *host) (*conn, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(t.DialWithin, defaultDial))
	defer cancel()
	dialer := net.Dialer{KeepAlive: 15 * time.Second}
	raw, err := dialer.DialContext(ctx, "tcp", h.dials)
	if err != nil {
		return nil, err
	}
	if h.scheme == "http" {
		return newConn(h, raw, raw), nil
	}
	secured := tls.Client(raw, h.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		raw.Close()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: raw.RemoteAddr(), Err: err}
	}
	return newConn(h, secured, raw), nil
}

func (t *Transport) host(at address) *host {
	t.mu.Lock()
	defer t.mu.Unlock()
	h := t.hosts[at]
	if h == nil {
		h = t.newHost(at)
		if t.hosts == nil {
			t.hosts = map[address]*host{}
		}
		t.hosts[at] = h
	}
	return h
}

func (t *Transport) newHost(at address) *host {
	named := url.URL{Host: at.host}
	port := cmp.Or(named.Port(), map[string]string{"http": "80", "https": "443"}[at.scheme])
	h := &host{
		address: at, dials: net.JoinHostPort(named.Hostname(), port),
		places: make(chan struct{}, cmp.Or(t.MaxPerHost, defaultPerHost)), idleFor: cmp.Or(t.IdleFor, defaultIdle),
	}
	if at.scheme == "https" {
		h.tls = t.TLS.Clone()
		if h.tls == nil {
			h.tls = &tls.Config{}
		}
		h.tls.ServerName = cmp.Or(h.tls.ServerName, named.Hostname())
	}
	return h
}

// CloseIdleConnections closes the connections that nobody uses.
func (t *Transport) CloseIdleConnections() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, h := range t.hosts {
		h.closeIdle(time.Now())
	}
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}
