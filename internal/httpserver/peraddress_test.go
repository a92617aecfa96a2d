package httpserver_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"sunbeon/internal/httpserver"
	"sunbeon/internal/problem"
)

// from is a listener whose clients come from wherever a test says.
type from struct {
	net.Listener
	next atomic.Pointer[net.TCPAddr]
}

type located struct {
	*net.TCPConn
	at net.Addr
}

func (c located) RemoteAddr() net.Addr { return c.at }

func (l *from) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return located{conn.(*net.TCPConn), l.next.Load()}, nil
}

// Trick: one address opens connection after connection and says nothing, so
// that nobody else finds one.
func TestTrickOneAddressTakesEveryConnection(t *testing.T) {
	l := &from{Listener: listen(t)}
	var refused atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- httpserver.Run(ctx, slog.New(slog.DiscardHandler), httpserver.Server{
			Name: "door", Listener: l, PerAddress: 3, Refused: func() { refused.Add(1) },
			Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "served") }),
		})
	}()
	dial := func(address string) net.Conn {
		t.Helper()
		l.next.Store(net.TCPAddrFromAddrPort(netip.AddrPortFrom(netip.MustParseAddr(address), 9)))
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	ask := func(conn net.Conn) string {
		conn.SetDeadline(time.Now().Add(5 * time.Second))
		io.WriteString(conn, "GET / HTTP/1.1\r\nHost: door\r\nConnection: close\r\n\r\n")
		answer, _ := io.ReadAll(conn)
		return string(answer)
	}
	crowd := func(what string, addresses ...string) (held []net.Conn) {
		t.Helper()
		for _, address := range addresses {
			conn := dial(address)
			held = append(held, conn)
			// The server counts when it accepts: wait until it has.
			io.WriteString(conn, "GET / HTTP/1.1\r\nHost: door\r\n\r\n")
			if _, err := io.ReadFull(conn, make([]byte, 12)); err != nil {
				t.Fatalf("%s: %v", what, err)
			}
		}
		return held
	}
	held := crowd("up to the limit", "192.0.2.7", "::ffff:192.0.2.7", "192.0.2.7")
	answer := ask(dial("192.0.2.7"))
	if !strings.HasPrefix(answer, "HTTP/1.1 503 ") || !strings.Contains(answer, `"code":"too_many_connections"`) || refused.Load() != 1 {
		t.Errorf("one too many gets %q, %d refused", answer, refused.Load())
	}
	if answer := ask(dial("192.0.2.8")); !strings.Contains(answer, "served") {
		t.Errorf("the next house gets %q", answer)
	}
	crowd("one network", "2001:db8:1:2::1", "2001:db8:1:2::2", "2001:db8:1:2:ffff::3")
	if answer := ask(dial("2001:db8:1:2::4")); !strings.Contains(answer, "too_many_connections") {
		t.Errorf("a network's fourth gets %q", answer)
	}
	if answer := ask(dial("2001:db8:1:3::4")); !strings.Contains(answer, "served") {
		t.Errorf("the next network gets %q", answer)
	}
	held[0].Close()
	deadline := time.Now().Add(5 * time.Second)
	for !strings.Contains(ask(dial("192.0.2.7")), "served") {
		if time.Now().After(deadline) {
			t.Fatal("a closed connection is never forgotten")
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// The refusal is the problem document it claims to be.
func TestTheRefusalCanBeRead(t *testing.T) {
	l := listen(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go httpserver.Run(ctx, slog.New(slog.DiscardHandler), httpserver.Server{
		Name: "door", Listener: l, PerAddress: 1, Handler: http.NotFoundHandler(),
	})
	first, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer first.Close()
	resp, err := http.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if p := problem.Read(resp); resp.StatusCode != http.StatusServiceUnavailable || p.Code != "too_many_connections" || resp.Header.Get("Retry-After") == "" {
		t.Errorf("%s %+v", resp.Status, p)
	}
}
