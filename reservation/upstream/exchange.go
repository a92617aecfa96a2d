package upstream

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"strings"
	"time"

	"sunbeon/internal/direct"
	"sunbeon/internal/problem"
)

// maxAnswer bounds an answer's body, in bytes.
const maxAnswer = 1 << 20

// Config reaches one system.
type Config struct {
	// BaseURL is the system's address, such as https://127.0.0.1:8803.
	BaseURL string
	HTTP    *http.Client
	Metrics *Metrics
	Logger  *slog.Logger
	// Limits of zero are [DefaultLimits].
	Limits Limits
}

// NewHTTPClient presents the certificate of tls and keeps enough connections
// for a full bulkhead. wrap, where not nil, instruments the transport.
func NewHTTPClient(tls *tls.Config, wrap func(http.RoundTripper) http.RoundTripper) *http.Client {
	var transport http.RoundTripper = direct.New(direct.Config{TLS: tls})
	if wrap != nil {
		transport = wrap(transport)
	}
	return &http.Client{Transport: transport}
}

// exchange is one system's HTTP interface behind its guard.
type exchange struct {
	*guard
	base string
	http *http.Client
}

func newExchange(system string, cfg Config) (*exchange, error) {
	if cfg.Limits == (Limits{}) {
		cfg.Limits = DefaultLimits(system)
	}
	if err := cfg.Limits.validate(); err != nil {
		return nil, fmt.Errorf("%s: %w", system, err)
	}
	if u, err := url.Parse(cfg.BaseURL); err != nil || u.Host == "" {
		return nil, fmt.Errorf("%s: base URL %q: want scheme and host", system, cfg.BaseURL)
	}
	client := *cfg.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse // nobody's data goes to a place that is not configured
	}
	return &exchange{
		guard: newGuard(system, cfg.Limits, cfg.Metrics.of(system), cfg.Logger),
		base:  strings.TrimSuffix(cfg.BaseURL, "/"),
		http:  &client,
	}, nil
}

// send makes one HTTP request and tells how it ended: nil, a *Refusal or an
// *attemptError.
func (x *exchange) send(ctx context.Context, method, path string, in, out any) error {
	var body []byte
	if in != nil {
		var err error
		if body, err = json.Marshal(in); err != nil {
			return &attemptError{outcome: failed, cause: fmt.Errorf("encode request: %w", err)}
		}
	}
	// Without a connection nothing was sent, whatever the error says.
	connected := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected = true },
	})
	req, err := http.NewRequestWithContext(ctx, method, x.base+path, bytes.NewReader(body))
	if err != nil {
		return &attemptError{outcome: down, cause: err}
	}
	if in != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := x.http.Do(req)
	if err != nil {
		return broken(err, connected)
	}
	defer resp.Body.Close()
	if resp.StatusCode >= 300 {
		return x.classify(resp)
	}
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return broken(err, true)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return &attemptError{outcome: failed, cause: fmt.Errorf("decode answer: %w", err)}
	}
	return nil
}

// broken is an exchange that ended without a whole answer.
func broken(err error, connected bool) error {
	switch {
	case !connected:
		return &attemptError{outcome: down, cause: err}
	case errors.Is(err, context.DeadlineExceeded):
		return &attemptError{outcome: timedOut, cause: err}
	}
	return &attemptError{outcome: lost, cause: err}
}

// classify reads an answer that is no success. A 503 with Retry-After is a
// healthy system protecting itself, one without is a system that is down. A
// refusal gives its code and is about the request: what a proxy says of an address,
// or a door of our certificate, is no word of the system's.
func (x *exchange) classify(resp *http.Response) error {
	p := problem.Read(resp)
	switch {
	case resp.StatusCode == http.StatusTooManyRequests,
		resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") != "":
		after := time.Duration(p.RetryAfterMS) * time.Millisecond
		if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && after == 0 {
			after = time.Duration(seconds) * time.Second
		}
		return &attemptError{outcome: busy, retryAfter: after, cause: p}
	case resp.StatusCode == http.StatusServiceUnavailable:
		return &attemptError{outcome: down, cause: p}
	case resp.StatusCode >= 500, resp.StatusCode < 400, p.Code == problem.Unexpected,
		resp.StatusCode == http.StatusUnauthorized, resp.StatusCode == http.StatusForbidden:
		return &attemptError{outcome: failed, cause: p}
	}
	return &Refusal{System: x.system, Code: p.Code, Detail: p.Detail}
}
