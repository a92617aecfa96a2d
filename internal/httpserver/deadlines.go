package httpserver

import (
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// rearmEvery is how far ahead a deadline is armed at most. It is no more than
// the time a head may take, so that a connection that waits for its next
// request needs no earlier one when the request comes.
const rearmEvery = headerTimeout

// lateDeadlines is a listener whose connections' deadlines cost little to move.
type lateDeadlines struct{ net.Listener }

func (l lateDeadlines) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	began := time.Now()
	return &conn{Conn: c,
		reading: deadline{began: began, set: c.SetReadDeadline},
		writing: deadline{began: began, set: c.SetWriteDeadline},
	}, nil
}

// conn keeps its deadlines as net/http sets them: seven times a request, nearly
// always to a later time, each time at the cost of a timer. Here a later time
// is only noted. The connection below keeps the earlier one, and when that has
// come, looks what is meant by now.
type conn struct {
	net.Conn
	reading, writing deadline
}

func (c *conn) SetDeadline(t time.Time) error {
	return errors.Join(c.reading.move(t), c.writing.move(t))
}
func (c *conn) SetReadDeadline(t time.Time) error  { return c.reading.move(t) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.writing.move(t) }

func (c *conn) Read(p []byte) (int, error) {
	c.reading.revive()
	for {
		n, err := c.Conn.Read(p)
		if err == nil || n > 0 || !c.reading.early(err) {
			return n, err
		}
	}
}

func (c *conn) Write(p []byte) (written int, err error) {
	for {
		n, err := c.Conn.Write(p[written:])
		written += n
		if err == nil || !c.writing.early(err) {
			return written, err
		}
	}
}

// CloseWrite lets a client read its answer to the end when it is still sending.
func (c *conn) CloseWrite() error { return closeWrite(c.Conn) }

// deadline is one of a connection's. The zero time is none.
type deadline struct {
	began time.Time // of the connection
	set   func(time.Time) error

	mu sync.Mutex
	// meant is what was asked for; armed, what the connection below has, is
	// never later.
	meant, armed time.Time
}

func (d *deadline) move(to time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.meant = to
	if to.IsZero() || !d.armed.IsZero() && !to.Before(d.armed) {
		return nil
	}
	return d.arm(to)
}

func (d *deadline) arm(at time.Time) error {
	d.armed = at
	return d.set(at)
}

// revive arms anew after a deadline that was meant to end a read at once, as
// net/http ends the one with which it watches whether the client is gone.
// Without it the next read would fail and be made again.
func (d *deadline) revive() {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.gone(d.armed) && !d.gone(d.meant) {
		d.rearm(time.Now())
	}
}

// gone reports whether a deadline is older than the connection.
func (d *deadline) gone(at time.Time) bool { return !at.IsZero() && at.Before(d.began) }

// early reports whether err is of a deadline that is no longer meant, and arms
// the one that is.
func (d *deadline) early(err error) bool {
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	if !d.meant.IsZero() && !d.meant.After(now) {
		return false
	}
	return d.rearm(now) == nil
}

func (d *deadline) rearm(now time.Time) error {
	at := d.meant
	if next := now.Add(rearmEvery); at.After(next) {
		at = next
	}
	return d.arm(at)
}
