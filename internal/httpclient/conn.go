package httpclient

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

// Bounds of an answer: the bytes of its head, and the provisional heads (1xx)
// before it.
const (
	maxHead        = 256 << 10
	maxProvisional = 5
)

// conn is one connection; one request at a time uses it.
type conn struct {
	net.Conn
	host  *host
	raw   syscall.RawConn // below TLS; nil cannot be asked whether it is there
	in    *bufio.Reader
	out   *bufio.Writer
	since time.Time // unused since

	// left bounds what is read, so that a head ends; got is whether anything
	// has been read since the request was begun.
	left int64
	got  bool
}

func newConn(h *host, c, below net.Conn) *conn {
	n := &conn{Conn: c, host: h}
	if s, ok := below.(syscall.Conn); ok {
		n.raw, _ = s.SyscallConn()
	}
	n.in, n.out = bufio.NewReader((*bounded)(n)), bufio.NewWriter(c)
	return n
}

// bounded reads no more than is left.
type bounded conn

var errLongHead = errors.New("httpclient: the answer's head does not end")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLongHead
	}
	n, err := b.Conn.Read(p)
	b.left -= int64(n)
	b.got = b.got || n > 0
	return n, err
}

// answered is whether the server has said anything since it was asked.
func (c *conn) answered() bool { return c.got }

// quiet is whether the connection is open and nothing has arrived that nobody
// asked for. It looks at the socket without reading from it.
func (c *conn) quiet() bool {
	if c.raw == nil {
		return true
	}
	silent := false
	err := c.raw.Control(func(fd uintptr) {
		var b [1]byte
		_, _, err := syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		silent = err == syscall.EAGAIN
	})
	return err == nil && silent
}

// past is a deadline that is over.
var past = time.Unix(1, 0)

// exchange sends a request and reads the head of its answer. The answer's body
// gives the connection and its place back; on an error the caller does.
func (c *conn) exchange(r *http.Request, within time.Duration) (*http.Response, error) {
	c.got, c.left = false, maxHead
	if within > 0 {
		if err := c.SetReadDeadline(time.Now().Add(within)); err != nil {
			closeBody(r)
			return nil, err
		}
	}
	// Whatever waits for the server ends with the context.
	stop := context.AfterFunc(r.Context(), func() { c.SetDeadline(past) })
	resp, err := c.ask(r)
	if err != nil {
		stop()
		return nil, err
	}
	a := &answer{ReadCloser: resp.Body, c: c, ctx: r.Context(), stop: stop, again: !resp.Close && !r.Close}
	c.left = 1<<63 - 1
	if resp.Body == http.NoBody {
		a.end(true)
	} else {
		resp.Body = a
	}
	return resp, nil
}

func (c *conn) ask(r *http.Request) (*http.Response, error) {
	if err := r.Write(c.out); err != nil {
		return nil, err
	}
	if err := c.out.Flush(); err != nil {
		return nil, err
	}
	for range maxProvisional {
		resp, err := http.ReadResponse(c.in, r)
		if err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return nil, err
		}
		switch {
		case resp.StatusCode == http.StatusSwitchingProtocols:
			return nil, errors.New("httpclient: the server changes the protocol unasked")
		case resp.StatusCode >= 200:
			return resp, nil
		}
	}
	return nil, errors.New("httpclient: provisional answers without end")
}

// answer is a body that gives its connection back when it has been read to its
// end, and closes it where somebody does not want the rest.
type answer struct {
	io.ReadCloser
	c     *conn
	ctx   context.Context // of the request
	stop  func() bool     // of watching it
	again bool            // the connection may be used again
	ended bool
}

func (a *answer) Read(p []byte) (int, error) {
	if a.ended {
		return 0, io.EOF
	}
	n, err := a.ReadCloser.Read(p)
	if err != nil {
		a.end(err == io.EOF)
	}
	if err != nil && err != io.EOF && a.ctx.Err() != nil {
		err = a.ctx.Err()
	}
	return n, err
}

func (a *answer) Close() error {
	if !a.ended {
		a.end(false)
	}
	return nil
}

// end gives back what the answer held. Where the context has ended in the same
// moment, its deadline may already be upon the connection.
func (a *answer) end(whole bool) {
	a.ended = true
	c := a.c
	if whole = a.stop() && whole; whole && a.again && c.in.Buffered() == 0 {
		c.host.keep(c)
	} else {
		c.Close()
	}
	c.host.leave()
}
