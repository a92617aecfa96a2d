package gate

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
)

// maxAnswer bounds what is taken from a booking server at once, in bytes.
const maxAnswer = 1 << 20

// question is a request the pages make to a booking server for a citizen.
type question struct {
	method, path string
	query        url.Values
	// key is the Idempotency-Key of a write.
	key  string
	body any
}

// ask puts a page's question to a booking server as the person who sent r: by
// the same lanes and with the same checks as the JSON API. It decodes the
// answer into out unless that is nil.
func (p *bookingProxy) ask(r *http.Request, in lane, q question, out any) *problem.Problem {
	if _, refused := p.gate.who(r); refused != nil {
		return refused
	}
	if in == p.session && credential.PassOf(r) == "" {
		return passRequired()
	}
	if !in.enter(r.Context()) {
		return holdOn()
	}
	defer in.leave()
	ctx, cancel := context.WithTimeout(r.Context(), bookingWithin)
	defer cancel()

	var body io.Reader
	if q.body != nil {
		encoded, err := json.Marshal(q.body)
		if err != nil {
			return p.gate.internal(ctx, err)
		}
		body = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, "https://was"+q.path, body)
	if err != nil {
		return problem.New(http.StatusBadRequest, "malformed", "The address makes no sense.")
	}
	req.URL.RawQuery = q.query.Encode()
	req.Header = p.forwarded(r)
	req.Header.Del("Content-Type")
	req.Header.Del("If-None-Match")
	req.Header.Del("Idempotency-Key")
	if q.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if q.key != "" {
		req.Header.Set("Idempotency-Key", q.key)
	}
	resp, err := p.gate.pool.RoundTrip(req)
	if err != nil {
		return p.problem(ctx, err)
	}
	defer finish(resp.Body)
	if resp.StatusCode >= 300 {
		return problem.Read(resp)
	}
	p.observe(resp)
	if out == nil {
		return nil
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(out); err != nil {
		return p.gate.internal(ctx, err)
	}
	return nil
}

// finish reads what is left of an answer, or its connection would be lost.
func finish(answer io.ReadCloser) {
	io.CopyN(io.Discard, answer, maxAnswer)
	answer.Close()
}
