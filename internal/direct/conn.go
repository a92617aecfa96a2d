package direct

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	bufferSize = 4 << 10
	// maxHead bounds the head of an answer, in bytes, as a server may be mad.
	maxHead = 64 << 10
)

var errHead = errors.New("the answer's head is too large")

// conn carries one exchange at a time.
type conn struct {
	net.Conn
	host  *host
	raw   syscall.RawConn // below TLS; nil where there is none
	in    *bufio.Reader
	out   *bufio.Writer
	since time.Time // idle
	left  int64     // bytes that may still be read
}

func newConn(h *host, c net.Conn) *conn {
	made := &conn{Conn: c, host: h}
	made.in, made.out = bufio.NewReaderSize(limited{made}, bufferSize), bufio.NewWriterSize(c, bufferSize)
	below := c
	if secured, ok := c.(interface{ NetConn() net.Conn }); ok {
		below = secured.NetConn()
	}
	if system, ok := below.(syscall.Conn); ok {
		made.raw, _ = system.SyscallConn()
	}
	return made
}

// limited reads from a connection what it may still read.
type limited struct{ *conn }

func (l limited) Read(p []byte) (int, error) {
	if l.left <= 0 {
		return 0, errHead
	}
	n, err := l.Conn.Read(p[:min(int64(len(p)), l.left)])
	l.left -= int64(n)
	return n, err
}

// open reports whether a connection that nobody uses can still be used: the
// other end has neither closed it nor said anything out of turn.
func (c *conn) open() bool {
	if c.in.Buffered() > 0 {
		return false
	}
	if c.raw == nil {
		return true
	}
	quiet := false
	err := c.raw.Control(func(fd uintptr) { // which no deadline keeps from looking
		var one [1]byte
		_, err := syscall.Read(int(fd), one[:])
		quiet = err == syscall.EAGAIN
	})
	return err == nil && quiet
}

// ask makes an exchange. After an error the connection is closed.
func (c *conn) ask(r *http.Request) (*http.Response, error) {
	connected(r)
	if within := c.host.config.Within; within > 0 {
		c.SetDeadline(time.Now().Add(within))
	}
	stop := func() bool { return true }
	if r.Context().Done() != nil {
		stop = context.AfterFunc(r.Context(), func() { c.SetDeadline(time.Unix(1, 0)) })
	}
	resp, err := c.exchange(r)
	if err != nil {
		stop()
		c.Close()
		return nil, err
	}
	b := &body{ReadCloser: resp.Body, ctx: r.Context(), conn: c, stop: stop, last: resp.Close || r.Close}
	if resp.Body == http.NoBody {
		b.end(true)
	} else {
		resp.Body = b
	}
	return resp, nil
}

func (c *conn) exchange(r *http.Request) (*http.Response, error) {
	c.left = maxHead
	err := r.Write(c.out)
	if err == nil {
		err = c.out.Flush()
	}
	if err == nil {
		_, err = c.in.Peek(1)
	}
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, err // who hangs would hang again
	case err != nil:
		return nil, errSilent{err}
	}
	for {
		resp, err := http.ReadResponse(c.in, r)
		if err == nil && resp.StatusCode < http.StatusOK {
			continue // an interim answer
		}
		c.left = math.MaxInt64
		return resp, err
	}
}

// body is an answer's, which gives its connection back when it has been read.
type body struct {
	io.ReadCloser
	ctx   context.Context // the request's
	conn  *conn
	stop  func() bool // the watch over the request's context; false if that has ended
	last  bool        // the server closes the connection
	ended atomic.Bool
}

func (b *body) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err == nil {
		return n, nil
	}
	if ended := b.ctx.Err(); ended != nil && err != io.EOF {
		err = ended
	}
	b.end(err == io.EOF)
	return n, err
}

// Close gives up on what has not been read.
func (b *body) Close() error {
	b.end(false)
	return nil
}

func (b *body) end(whole bool) {
	if b.ended.Swap(true) {
		return
	}
	if free := b.stop(); free && whole && !b.last {
		b.conn.host.keep(b.conn)
	} else {
		b.conn.Close()
	}
	b.conn.host.leave()
}
