package httpserver_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/internal/httpserver"
)

// pipes is a listener in memory, so that time in a bubble is all the time
// there is.
type pipes struct {
	conns  chan net.Conn
	closed chan struct{}
}

func (p *pipes) Accept() (net.Conn, error) {
	select {
	case conn := <-p.conns:
		return conn, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

func (p *pipes) Close() error {
	select {
	case <-p.closed:
	default:
		close(p.closed)
	}
	return nil
}

func (p *pipes) Addr() net.Addr { return &net.UnixAddr{Name: "pipes"} }

func (p *pipes) dial() net.Conn {
	client, server := net.Pipe()
	p.conns <- server
	return client
}

// Trick: slow-loris. Hundreds of clients send a byte a second and never come
// to an end, so that nobody else finds a free connection.
func TestTrickSlowLoris(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &pipes{conns: make(chan net.Conn), closed: make(chan struct{})}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() {
			ended <- httpserver.Run(ctx, slog.New(slog.DiscardHandler), httpserver.Server{Name: "door", Listener: l,
				Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
					if _, err := io.Copy(io.Discard, r.Body); err != nil {
						return
					}
					io.WriteString(w, "served")
				})})
		}()
		dribble := func(head string) time.Duration {
			conn := l.dial()
			defer conn.Close()
			go io.Copy(io.Discard, conn) // the server's parting words
			began := time.Now()
			if _, err := io.WriteString(conn, head); err != nil {
				t.Error(err)
			}
			for time.Since(began) < time.Hour {
				if _, err := conn.Write([]byte("a")); errors.Is(err, io.ErrClosedPipe) {
					break
				}
				time.Sleep(time.Second)
			}
			return time.Since(began)
		}
		if took := dribble("GET / HTTP/1.1\r\nX-Slow: "); took > 15*time.Second {
			t.Errorf("a head that never ends was listened to for %v", took)
		}
		if took := dribble("POST / HTTP/1.1\r\nHost: door\r\nContent-Length: 4000\r\n\r\n"); took > 40*time.Second {
			t.Errorf("a body that never ends was listened to for %v", took)
		}
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
