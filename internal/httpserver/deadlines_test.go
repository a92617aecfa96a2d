package httpserver

import (
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"
)

// counting tells how often the deadline below was set.
type counting struct {
	net.Conn
	sets int
}

func (c *counting) SetReadDeadline(t time.Time) error {
	c.sets++
	return c.Conn.SetReadDeadline(t)
}

func (c *counting) SetWriteDeadline(t time.Time) error {
	c.sets++
	return c.Conn.SetWriteDeadline(t)
}

// one is a listener for one connection.
type one struct {
	net.Listener
	conn net.Conn
}

func (o one) Accept() (net.Conn, error) { return o.conn, nil }

// late is a server's end with late deadlines, and the client's.
func late(t *testing.T) (server net.Conn, client net.Conn, below *counting) {
	t.Helper()
	client, raw := net.Pipe()
	below = &counting{Conn: raw}
	server, err := lateDeadlines{one{conn: below}}.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	return server, client, below
}

// readTakes reads until the deadline and tells how long it took.
func readTakes(t *testing.T, c net.Conn) time.Duration {
	t.Helper()
	began := time.Now()
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read ended with %v", err)
	}
	return time.Since(began)
}

// Whatever deadlines were set before, the last one ends a read, neither sooner
// nor later.
func TestTheLastDeadlineHolds(t *testing.T) {
	f := func(want time.Duration, deadlines ...time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			server, _, _ := late(t)
			for _, d := range deadlines {
				if err := server.SetReadDeadline(time.Now().Add(d)); err != nil {
					t.Fatal(err)
				}
			}
			if took := readTakes(t, server); took != want {
				t.Errorf("after %v the read took %v", deadlines, took)
			}
		})
	}
	f(90*time.Second, 90*time.Second)
	f(10*time.Second, 90*time.Second, 10*time.Second)
	f(30*time.Second, 90*time.Second, 10*time.Second, 30*time.Second)
	f(0, 90*time.Second, -time.Hour)
	f(90*time.Second, -time.Hour, 90*time.Second)
	f(time.Hour, 10*time.Second, time.Hour)
}

func TestADeadlineMovesWhileOthersRead(t *testing.T) {
	f := func(want, after, to time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			server, _, _ := late(t)
			server.SetReadDeadline(time.Now().Add(30 * time.Second))
			go func() {
				time.Sleep(after)
				server.SetReadDeadline(time.Now().Add(to))
			}()
			if took := readTakes(t, server); took != want {
				t.Errorf("moved by %v after %v: the read took %v", to, after, took)
			}
		})
	}
	f(5*time.Second, 5*time.Second, -time.Hour) // as net/http ends its watch
	f(7*time.Second, 5*time.Second, 2*time.Second)
	f(65*time.Second, 5*time.Second, time.Minute)
	f(88*time.Second, 28*time.Second, time.Minute)
}

func TestNoDeadlineIsNone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client, _ := late(t)
		server.SetReadDeadline(time.Now().Add(time.Second))
		server.SetReadDeadline(time.Time{})
		go func() {
			time.Sleep(24 * time.Hour)
			io.WriteString(client, "late")
		}()
		got := make([]byte, 4)
		if n, err := server.Read(got); err != nil {
			t.Errorf("read %q, %v", got[:n], err)
		}
	})
}

// What a deadline that is no longer meant has cut in two arrives whole.
func TestAWriteGoesOnBehindAnOldDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client, _ := late(t)
		server.SetWriteDeadline(time.Now().Add(time.Second))
		server.SetWriteDeadline(time.Now().Add(time.Minute))
		go func() {
			if n, err := io.WriteString(server, "in two parts"); n != 12 || err != nil {
				t.Errorf("wrote %d: %v", n, err)
			}
		}()
		first, second := make([]byte, 6), make([]byte, 6)
		io.ReadFull(client, first)
		time.Sleep(30 * time.Second)
		io.ReadFull(client, second)
		if got := string(first) + string(second); got != "in two parts" {
			t.Errorf("got %q", got)
		}
		began := time.Now()
		if n, err := io.WriteString(server, "to nobody"); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != 30*time.Second {
			t.Errorf("wrote %d after %v: %v", n, time.Since(began), err)
		}
	})
}

// What it is for: the deadlines of a hundred requests are a few below.
func TestDeadlinesOfManyRequestsCostFew(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client, below := late(t)
		server.SetReadDeadline(time.Now().Add(headerTimeout))
		for range 100 {
			server.SetReadDeadline(time.Now().Add(readTimeout))
			server.SetWriteDeadline(time.Now().Add(writeTimeout))
			server.SetWriteDeadline(time.Time{})
			server.SetReadDeadline(time.Now().Add(idleTimeout))
			go io.WriteString(client, "x")
			if _, err := server.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			server.SetReadDeadline(time.Now().Add(headerTimeout))
			time.Sleep(10 * time.Millisecond)
		}
		if below.sets > 5 {
			t.Errorf("%d were set", below.sets)
		}
	})
}
