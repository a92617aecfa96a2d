package gate

import (
	"io"
	"net/http"
	"strconv"
	"sync"
)

// forwardedHeaders are the only ones that reach a booking server: whatever
// else a client invents (forged X-Sunbeon-* headers, framing tricks) does not
// pass the door.
var forwardedHeaders = []string{
	"Accept", "Accept-Language", "Authorization", "Content-Type", "Cookie", "Idempotency-Key", "If-None-Match",
	"Traceparent", "Tracestate",
}

// answeredHeaders are the only ones of a booking server's answer that reach a
// client.
var answeredHeaders = []string{
	"Allow", "Cache-Control", "Content-Language", "Content-Type", "Etag", "Retry-After", "Vary", "Www-Authenticate",
}

func forwarded(in http.Header) http.Header {
	out := make(http.Header, len(forwardedHeaders)+1)
	for _, name := range forwardedHeaders {
		if values := in[name]; len(values) > 0 {
			out[name] = values
		}
	}
	out["User-Agent"] = nil // keeps net/http from adding its own
	return out
}

// answerBuffers are what answers are copied through.
var answerBuffers = sync.Pool{New: func() any { b := make([]byte, 16<<10); return &b }}

// forward carries a request, whose body has been read, to a booking server and
// the answer back. It is a new request of the gate's own with the old one's
// method, path, query and body, and what [forwardedHeaders] lists; framing and
// everything else that concerns one connection stays on it.
func (p *bookingProxy) forward(w http.ResponseWriter, r *http.Request) {
	out := r.WithContext(r.Context())
	out.Header, out.Trailer, out.TransferEncoding = forwarded(r.Header), nil, nil
	out.RequestURI, out.Close = "", false
	resp, err := p.gate.pool.RoundTrip(out)
	if err != nil {
		p.gate.refuse(w, p.problem(r.Context(), err))
		return
	}
	defer resp.Body.Close()
	p.observe(resp)
	h := w.Header()
	for _, name := range answeredHeaders {
		if values := resp.Header[name]; len(values) > 0 {
			h[name] = values
		}
	}
	if resp.ContentLength >= 0 {
		h["Content-Length"] = []string{strconv.FormatInt(resp.ContentLength, 10)}
	}
	w.WriteHeader(resp.StatusCode)
	buffer := answerBuffers.Get().(*[]byte)
	defer answerBuffers.Put(buffer)
	if _, err := io.CopyBuffer(w, resp.Body, *buffer); err != nil {
		// The head is out already: only the connection's end tells the client
		// that this is not the whole answer.
		panic(http.ErrAbortHandler)
	}
}
