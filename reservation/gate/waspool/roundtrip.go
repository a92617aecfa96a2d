package waspool

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"sunbeon/internal/direct"
	"sunbeon/internal/neighbour"
)

var (
	// ErrNoServer means that no server could be reached: nothing was done.
	ErrNoServer = errors.New("no booking server can be reached")
	// ErrUnknown means that a server may have acted on the request and its
	// answer was lost.
	ErrUnknown = errors.New("the booking server's answer was lost")
	// ErrBodyTooLarge means that the request's body is over [MaxBody].
	ErrBodyTooLarge = errors.New("request body is too large")
)

const (
	// MaxBody bounds a request's body, in bytes. It is kept until the answer
	// is there, to be able to send it again.
	MaxBody = 16 << 10
	// attempts is how many servers one request may be sent to.
	attempts = 3
	// answerWithin bounds the wait for one server's answer: a little longer
	// than the deadline the servers themselves keep for a request.
	answerWithin = 7 * time.Second
)

// Transport returns the transport to booking servers: those of this machine by
// their sockets in a directory, where it is named and there is one, all others by
// mutual TLS, each with a pool of kept connections sized for one gate's load.
func Transport(config *tls.Config, neighbours string) *direct.Transport {
	// Enough connections that requests queue at the servers, whose load gates see
	// them and say "hold on", and not unseen in here.
	reach := direct.Config{TLS: config, MaxConns: 1024, Within: answerWithin}
	if neighbours != "" {
		reach.Dial = neighbour.Dialer(neighbours)
	}
	return direct.New(reach)
}

// RoundTrip sends the request to a server and, when a server does not answer,
// to another one where that is safe: when the request certainly did not reach
// the first, or when doing it twice does nothing (a read, or a write with an
// Idempotency-Key). A refusal by the other one is not the answer then: the first
// may have done what the second refuses. The request's URL gets the server's
// address. The error is [ErrNoServer], [ErrUnknown], [ErrBodyTooLarge], the body's
// or the context's.
func (p *Pool) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := readBody(r)
	if err != nil {
		return nil, err
	}
	var tried []*member
	home := p.home(r)
	sent := false // a server may have acted on this write
	for len(tried) < attempts {
		m := p.pick(home, tried)
		if m == nil {
			break
		}
		tried = append(tried, m)
		resp, err := p.attempt(m, r, body)
		if err == nil && sent && resp.StatusCode >= http.StatusBadRequest {
			// This server did nothing, but the one before it may have, or may still.
			resp.Body.Close()
			return nil, ErrUnknown
		}
		if err == nil {
			return resp, nil
		}
		if r.Context().Err() != nil {
			return nil, r.Context().Err()
		}
		p.failed(m, err)
		if dialFailed(err) || isRead(r) {
			continue
		}
		sent = true
		if r.Header.Get("Idempotency-Key") == "" {
			break
		}
	}
	if sent {
		return nil, ErrUnknown
	}
	return nil, ErrNoServer
}

// failed passes over a server for a while that gave no whole answer.
func (p *Pool) failed(m *member, err error) {
	m.shunned.Store(p.config.Now().Add(shun).UnixMilli())
	if p.config.Failed != nil {
		p.config.Failed(m.ID, err)
	}
}

func (p *Pool) attempt(m *member, r *http.Request, body []byte) (*http.Response, error) {
	out := r.WithContext(r.Context())
	url := *r.URL
	url.Scheme, url.Host = m.scheme, m.host
	out.URL, out.Host = &url, m.host
	out.Body, out.GetBody, out.ContentLength = http.NoBody, nil, 0
	if len(body) > 0 {
		out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		out.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
	}
	out.TransferEncoding = nil
	m.inflight.Add(1)
	resp, err := p.config.Transport.RoundTrip(out)
	if err != nil {
		m.inflight.Add(-1)
		return nil, err
	}
	resp.Body = &countedBody{ReadCloser: resp.Body, request: r.Context(), pool: p, member: m}
	return resp, nil
}

// countedBody keeps its server counted as busy until the answer was read, and
// tells the pool when it breaks off.
type countedBody struct {
	io.ReadCloser
	request context.Context
	pool    *Pool
	member  *member
	closed  bool
}

func (b *countedBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	if err != nil && err != io.EOF && b.request.Err() == nil {
		b.pool.failed(b.member, err)
	}
	return n, err
}

func (b *countedBody) Close() error {
	if !b.closed {
		b.closed = true
		b.member.inflight.Add(-1)
	}
	return b.ReadCloser.Close()
}

func readBody(r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	defer r.Body.Close()
	if r.ContentLength > MaxBody {
		return nil, ErrBodyTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if err != nil {
		return nil, fmt.Errorf("read request body: %w", err)
	}
	if len(body) > MaxBody {
		return nil, ErrBodyTooLarge
	}
	return body, nil
}

// dialFailed reports whether there was no connection to send anything on.
func dialFailed(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial" && !errors.Is(err, context.Canceled)
}

func isRead(r *http.Request) bool {
	return r.Method == http.MethodGet || r.Method == http.MethodHead
}
