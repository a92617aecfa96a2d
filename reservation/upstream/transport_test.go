package upstream_test

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/reservation/upstream"
	"sunbeon/reservation/upstream/legacy"
)

// transport is a network without sockets, so that time can be virtual.
type transport func(*http.Request) (*http.Response, error)

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if trace := httptrace.ContextClientTrace(r.Context()); trace != nil && trace.GotConn != nil {
		trace.GotConn(httptrace.GotConnInfo{})
	}
	return t(r)
}

// to reaches a handler as a WAS would over mutual TLS. A client that gives up
// leaves the handler running, as real servers do.
func to(h http.Handler, seen *atomic.Int64) transport {
	was := &tls.ConnectionState{VerifiedChains: [][]*x509.Certificate{{{
		Subject: pkix.Name{OrganizationalUnit: []string{"was"}},
	}}}}
	return func(r *http.Request) (*http.Response, error) {
		seen.Add(1)
		inner := r.Clone(r.Context())
		inner.TLS = was
		answer := make(chan *http.Response, 1)
		go func() {
			defer close(answer)
			defer func() { recover() }() // http.ErrAbortHandler drops the connection
			recorder := httptest.NewRecorder()
			h.ServeHTTP(recorder, inner)
			answer <- recorder.Result()
		}()
		select {
		case resp := <-answer:
			if resp == nil {
				return nil, io.ErrUnexpectedEOF
			}
			return resp, nil
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
}

// script answers one attempt after the other; the last answer repeats.
type script struct {
	answers  []transport
	attempts int
}

func (s *script) transport() transport {
	return func(r *http.Request) (*http.Response, error) {
		answer := s.answers[min(s.attempts, len(s.answers)-1)]
		s.attempts++
		return answer(r)
	}
}

func status(code int, body string, header ...string) transport {
	return func(*http.Request) (*http.Response, error) {
		resp := &http.Response{StatusCode: code, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
		if len(header) == 2 {
			resp.Header.Set(header[0], header[1])
		}
		return resp, nil
	}
}

func config(t transport, limits upstream.Limits) upstream.Config {
	return upstream.Config{
		BaseURL: "https://legacy",
		HTTP:    &http.Client{Transport: t},
		Metrics: upstream.NewMetrics(prometheus.NewRegistry()),
		Logger:  slog.New(slog.DiscardHandler),
		Limits:  limits,
	}
}

func newStock(t *testing.T, cfg upstream.Config) *upstream.Stock {
	t.Helper()
	s, err := upstream.NewStock(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newEligibility(t *testing.T, cfg upstream.Config) *upstream.Eligibility {
	t.Helper()
	e, err := upstream.NewEligibility(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// station is a bare legacy system behind POST /eligibility.
func station(p legacy.Profile) (*legacy.Station, http.Handler) {
	s := legacy.NewStation(p, rand.New(rand.NewPCG(1, 2)))
	return s, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if _, err := s.Serve(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		io.WriteString(w, `{"eligible":true}`)
	})
}
