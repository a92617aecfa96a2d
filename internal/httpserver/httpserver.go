// Package httpserver runs the HTTP listeners of a process: time limits against
// slow clients, caps against large ones, and an orderly end. It also makes the
// private listener every process has, with its health, metrics and profiles.
package httpserver

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/prometheus/client_golang/prometheus/promhttp"
	"golang.org/x/sync/errgroup"

	"sunbeon/internal/observability"
	"sunbeon/internal/pki"
)

const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	writeTimeout   = 60 * time.Second
	idleTimeout    = 90 * time.Second
	drainTimeout   = 5 * time.Second
	maxHeaderBytes = 16 << 10
)

// Server is one listener of a process.
type Server struct {
	// Name says what it is in logs and errors.
	Name string
	// Address is host:port; it is not used where Listener is set.
	Address string
	Handler http.Handler
	// TLS serves TLS where it is not nil.
	TLS *tls.Config
	// Listener, where set, is already open.
	Listener net.Listener
	// Neighbours is the role of whoever can reach a Listener that the system keeps
	// closed to others; see [pki.WithNeighbours].
	Neighbours string
	// PerAddress is how many connections one IPv4 address or one IPv6 network
	// of 64 bits may have open; 0 does not count them. Refused is called for
	// every one too many.
	PerAddress int
	Refused    func()
}

// Run opens every listener, then serves until ctx ends, and lets requests in
// flight finish within five seconds. A handler that streams for longer than
// thirty seconds must move its deadlines on ([http.ResponseController]), or the
// server takes the silent client for a slow one. It returns an error where an address
// cannot be listened on (before anything is served) or a server fails.
func Run(ctx context.Context, logger *slog.Logger, servers ...Server) error {
	opened := make([]net.Listener, 0, len(servers))
	for _, s := range servers {
		listener := s.Listener
		if listener == nil {
			var err error
			if listener, err = net.Listen("tcp", s.Address); err != nil {
				for _, l := range opened {
					l.Close()
				}
				return fmt.Errorf("listen for %s: %w", s.Name, err)
			}
		}
		if s.PerAddress > 0 {
			listener = limitPerAddress(listener, s.PerAddress, s.Refused)
		}
		opened = append(opened, lateDeadlines{listener})
	}
	group, ctx := errgroup.WithContext(ctx)
	for i, s := range servers {
		serve(ctx, group, logger, s, opened[i])
	}
	return group.Wait()
}

func serve(ctx context.Context, group *errgroup.Group, logger *slog.Logger, s Server, listener net.Listener) {
	server := &http.Server{
		Handler:           s.Handler,
		TLSConfig:         s.TLS,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       readTimeout,
		WriteTimeout:      writeTimeout,
		IdleTimeout:       idleTimeout,
		MaxHeaderBytes:    maxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelDebug),
	}
	if s.Neighbours != "" {
		server.BaseContext = func(net.Listener) context.Context { return pki.WithNeighbours(context.Background(), s.Neighbours) }
	}
	group.Go(func() error {
		var err error
		if s.TLS != nil {
			err = server.ServeTLS(listener, "", "")
		} else {
			err = server.Serve(listener)
		}
		if errors.Is(err, http.ErrServerClosed) {
			return nil
		}
		return fmt.Errorf("serve %s: %w", s.Name, err)
	})
	group.Go(func() error {
		<-ctx.Done()
		drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
		defer cancel()
		if err := server.Shutdown(drain); err != nil {
			server.Close()
		}
		return nil
	})
	logger.InfoContext(ctx, "listening", "server", s.Name, "address", listener.Addr().String())
}

// Health answers 200 "ok" while ready returns nil, and 503 with its words
// otherwise.
func Health(ready func() error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		if err := ready(); err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			fmt.Fprintln(w, err)
			return
		}
		fmt.Fprintln(w, "ok")
	})
}

// Private is the mux of a private listener: /healthz and /metrics for anyone
// who reaches it, profiles for operators. The caller adds its own endpoints.
func Private(o *observability.Observability, ready func() error) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", Health(ready))
	mux.Handle("GET /metrics", promhttp.HandlerFor(o.Registry, promhttp.HandlerOpts{
		EnableOpenMetrics: true, DisableCompression: true,
	}))
	operator := func(h http.HandlerFunc) http.Handler { return pki.RequireRole(h, "operator") }
	mux.Handle("GET /debug/pprof/", operator(pprof.Index))
	mux.Handle("GET /debug/pprof/profile", operator(pprof.Profile))
	mux.Handle("GET /debug/pprof/trace", operator(pprof.Trace))
	return mux
}
