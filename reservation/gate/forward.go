package gate

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"

	"sunbeon/reservation/gate/waspool"
)

// forward carries a request to a booking server and its answer back. The answer is
// read to its end before any of it goes out: one that breaks off, or is larger than
// any of ours, is an error that people are told of, and not half a page.
func (p *bookingProxy) forward(ctx context.Context, w http.ResponseWriter, r *http.Request) {
	out := r.WithContext(ctx)
	out.Header = p.forwarded(r)
	out.Close, out.Trailer = false, nil // the client's connection is its own affair
	resp, err := p.gate.pool.RoundTrip(out)
	if err != nil {
		p.gate.refuse(w, p.problem(ctx, err))
		return
	}
	defer resp.Body.Close()
	answer := answers.Get().(*bytes.Buffer)
	defer answers.Put(answer)
	answer.Reset()
	if n, err := answer.ReadFrom(io.LimitReader(resp.Body, maxAnswer+1)); err != nil || n > maxAnswer {
		p.gate.refuse(w, p.problem(ctx, brokenOff(r)))
		return
	}
	p.observe(resp)
	header := w.Header()
	for name, values := range resp.Header {
		if !ofConnection[name] && !strings.HasPrefix(name, "X-Sunbeon-") {
			header[name] = values
		}
	}
	w.WriteHeader(resp.StatusCode)
	w.Write(answer.Bytes())
}

// brokenOff is what became of a request whose answer did not arrive whole.
func brokenOff(r *http.Request) error {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return waspool.ErrNoServer
	}
	return waspool.ErrUnknown
}

// ofConnection are the headers that speak of the connection to the booking server
// and not of its answer.
var ofConnection = map[string]bool{
	"Connection": true, "Keep-Alive": true, "Proxy-Authenticate": true, "Proxy-Connection": true,
	"Te": true, "Trailer": true, "Transfer-Encoding": true, "Upgrade": true,
}

// answers are the buffers that answers wait in.
var answers = sync.Pool{New: func() any { return new(bytes.Buffer) }}
