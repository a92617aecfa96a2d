package rush

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"sunbeon/internal/direct"
	"sunbeon/internal/problem"
)

// Bounds of the client. The connections are many, because an open loop must
// not queue behind them, and few enough for a usual limit of open files.
const (
	requestTimeout = 30 * time.Second
	maxConnections = 4096
	maxAnswer      = 4 << 20
)

// client speaks HTTP for the whole crowd over one pool of connections. It
// keeps no cookies and follows no redirects: people hold their own cookies.
type client struct {
	transport http.RoundTripper
	latencies *latencies
	bodies    sync.Pool
}

func newTransport() *direct.Transport {
	return direct.New(direct.Config{MaxConns: maxConnections})
}

func newClient(transport http.RoundTripper) *client {
	return &client{
		transport: transport,
		latencies: newLatencies(),
		bodies:    sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
}

// question is one request of a person.
type question struct {
	route  string // as the report names it, such as "POST /v1/ticket"
	url    url.URL
	body   any       // sent as JSON; nil for none
	meant  time.Time // when the person meant to ask
	cookie string    // the Cookie header
	key    string    // the Idempotency-Key header
	etag   string    // the If-None-Match header
}

// answer is what is of interest of a response beside its body.
type answer struct {
	status  int
	etag    string
	cookies []*http.Cookie
}

// ask sends q and decodes a success's body into into, which may be nil. An
// answer that is neither a success nor "not modified" is a [problem.Problem];
// any other error is of the connection, and then the outcome is unknown.
//
// Every answer but "hold on" counts towards its route's latency, from when the
// person meant to ask: a client kept waiting for a connection, or one that
// tries again after a reset, waited all that time.
func (c *client) ask(ctx context.Context, q question, into any) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	req, err := q.request(ctx)
	if err != nil {
		return answer{}, err
	}
	resp, err := c.transport.RoundTrip(req)
	if err != nil {
		return answer{}, fmt.Errorf("%s: %w", q.route, err)
	}
	defer resp.Body.Close()
	buf := c.bodies.Get().(*bytes.Buffer)
	defer c.bodies.Put(buf)
	buf.Reset()
	if _, err := buf.ReadFrom(io.LimitReader(resp.Body, maxAnswer)); err != nil {
		return answer{}, fmt.Errorf("%s: read answer: %w", q.route, err)
	}
	if resp.StatusCode != http.StatusServiceUnavailable {
		c.latencies.record(q.route, time.Since(q.meant))
	}
	a := answer{status: resp.StatusCode, etag: resp.Header.Get("ETag")}
	if _, ok := resp.Header["Set-Cookie"]; ok {
		a.cookies = resp.Cookies()
	}
	switch {
	case resp.StatusCode == http.StatusNotModified:
		return a, nil
	case resp.StatusCode/100 != 2:
		resp.Body = io.NopCloser(bytes.NewReader(buf.Bytes()))
		return a, readProblem(resp)
	case into == nil:
		return a, nil
	}
	if err := json.Unmarshal(buf.Bytes(), into); err != nil {
		return a, problem.New(resp.StatusCode, "malformed_answer", q.route+": "+err.Error())
	}
	return a, nil
}

// readProblem reads a problem and, where its body tells no time to ask again,
// takes it from the Retry-After header.
func readProblem(resp *http.Response) error {
	p := problem.Read(resp)
	if p.RetryAfterMS == 0 {
		if after, err := time.ParseDuration(resp.Header.Get("Retry-After") + "s"); err == nil {
			p.RetryAfterMS = max(after.Milliseconds(), 0)
		}
	}
	return p
}

func (q question) request(ctx context.Context) (*http.Request, error) {
	method, _, _ := strings.Cut(q.route, " ")
	// Headers are set in their canonical form, which spares canonicalising.
	header := make(http.Header, 6)
	set := func(name, value string) {
		if value != "" {
			header[name] = []string{value}
		}
	}
	set("User-Agent", "sunbeon-rush")
	set("Accept", "application/json")
	set("Cookie", q.cookie)
	set("Idempotency-Key", q.key)
	set("If-None-Match", q.etag)
	req := &http.Request{
		Method: method, URL: &q.url, Host: q.url.Host, Header: header,
		Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
	}
	if q.body != nil {
		body, err := json.Marshal(q.body)
		if err != nil {
			return nil, fmt.Errorf("%s: encode: %w", q.route, err)
		}
		set("Content-Type", "application/json")
		req.ContentLength = int64(len(body))
		req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }
		req.Body, _ = req.GetBody()
	}
	return req.WithContext(ctx), nil
}
