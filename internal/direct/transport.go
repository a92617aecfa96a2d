// Package direct asks HTTP/1.1 servers in the goroutine of whoever asks.
//
// [http.Transport] gives each connection two goroutines of its own and hands
// every request and every answer over between them and the caller. That allows
// for much, such as an answer before the request has been sent, which small
// questions to a neighbour never need, and costs more than the question. Here the
// caller writes the request and reads the answer, on a connection that is theirs
// until the answer's body has been read.
package direct

import (
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

// Config says how servers are reached. The zero value is plain HTTP by TCP.
type Config struct {
	// TLS is for https addresses.
	TLS *tls.Config
	// Dial, where set, is tried before TCP and TLS, and returns a connection to
	// the host and port that needs neither; nil where there is none.
	Dial func(ctx context.Context, address string) net.Conn
	// MaxConns is how many connections one host gets, and how many are kept; who
	// comes when all are in use waits. Zero stands for 1024.
	MaxConns int
	// Within bounds an exchange from the request to the end of the answer's body.
	// Zero leaves that to the request's context.
	Within time.Duration
}

const (
	dialWithin   = time.Second
	shakeWithin  = 2 * time.Second // TLS
	defaultConns = 1024
)

// Transport is an [http.RoundTripper] with kept connections. It follows no
// proxies. A request whose context ends takes its connection with it.
type Transport struct {
	config Config

	mu    sync.RWMutex
	hosts map[string]*host // by scheme and address
}

// New returns a transport without connections.
func New(config Config) *Transport {
	if config.MaxConns <= 0 {
		config.MaxConns = defaultConns
	}
	return &Transport{config: config, hosts: map[string]*host{}}
}

// RoundTrip asks. Where a kept connection ends without a byte of the answer, as
// that of a server that has been started again, it asks once more on a new one,
// if doing so cannot do anything twice: for a read, or with an Idempotency-Key. A
// write that then fails at the server ends as the first attempt did, which may
// have been heard.
// An error of connecting, which has sent nothing, is a [net.OpError] of "dial".
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	h := t.host(r.URL)
	if err := h.enter(r.Context()); err != nil {
		closeBody(r)
		return nil, err
	}
	resp, err := h.ask(r)
	if err == nil {
		return resp, nil
	}
	if resp != nil {
		resp.Body.Close()
	} else {
		h.leave()
	}
	if ended := r.Context().Err(); ended != nil {
		err = ended
	}
	return nil, err
}

// CloseIdleConnections closes the connections that nobody uses.
func (t *Transport) CloseIdleConnections() {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, h := range t.hosts {
		h.prune(time.Now())
	}
}

func (t *Transport) host(at *url.URL) *host {
	name := at.Scheme + "://" + at.Host
	t.mu.RLock()
	h := t.hosts[name]
	t.mu.RUnlock()
	if h != nil {
		return h
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if h = t.hosts[name]; h == nil {
		h = &host{config: &t.config, address: addressOf(at), secure: at.Scheme == "https", places: make(chan struct{}, t.config.MaxConns)}
		t.hosts[name] = h
	}
	return h
}

func addressOf(at *url.URL) string {
	port := at.Port()
	switch {
	case port != "":
	case at.Scheme == "https":
		port = "443"
	default:
		port = "80"
	}
	return net.JoinHostPort(at.Hostname(), port)
}

// dial connects, TLS included.
func (h *host) dial(ctx context.Context) (net.Conn, error) {
	if h.config.Dial != nil {
		if c := h.config.Dial(ctx, h.address); c != nil {
			return c, nil
		}
	}
	dialer := net.Dialer{Timeout: dialWithin, KeepAlive: 15 * time.Second}
	c, err := dialer.DialContext(ctx, "tcp", h.address)
	if err != nil || !h.secure {
		return c, err
	}
	config := h.config.TLS.Clone()
	if config == nil {
		config = &tls.Config{}
	}
	if config.ServerName == "" {
		config.ServerName, _, _ = net.SplitHostPort(h.address)
	}
	shaking, cancel := context.WithTimeout(ctx, shakeWithin)
	defer cancel()
	secured := tls.Client(c, config)
	if err := secured.HandshakeContext(shaking); err != nil {
		c.Close()
		return nil, &net.OpError{Op: "dial", Net: "tcp", Addr: c.RemoteAddr(), Err: err}
	}
	return secured, nil
}

// connected tells who traces the request that there is a connection.
func connected(r *http.Request) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
}

// again returns a request to be sent a second time, where that is harmless.
func again(r *http.Request) (*http.Request, bool) {
	if !isRead(r) && r.Header.Get("Idempotency-Key") == "" || r.Context().Err() != nil {
		return nil, false
	}
	if r.Body == nil || r.Body == http.NoBody {
		return r, true
	}
	if r.GetBody == nil {
		return nil, false
	}
	body, err := r.GetBody()
	if err != nil {
		return nil, false
	}
	second := *r
	second.Body = body
	return &second, true
}

func isRead(r *http.Request) bool { return r.Method == http.MethodGet || r.Method == http.MethodHead }

func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}

// errSilent marks an exchange that ended without a byte of an answer.
type errSilent struct{ error }

func (e errSilent) Unwrap() error { return e.error }

func silent(err error) bool { return errors.As(err, new(errSilent)) }
