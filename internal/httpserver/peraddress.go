package httpserver

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"time"
)

const (
	// goodbyeTime is how long a refused client gets to read why, and
	// maxGoodbyes how many are told at once; beyond it connections just end,
	// so that refusing costs less than serving.
	goodbyeTime = time.Second
	maxGoodbyes = 256
)

// goodbye is the answer to a connection too many.
const goodbye = "HTTP/1.1 503 Service Unavailable\r\n" +
	"Content-Type: application/problem+json\r\nRetry-After: 5\r\nConnection: close\r\nContent-Length: 183\r\n\r\n" +
	`{"type":"about:blank","title":"Service Unavailable","status":503,"code":"too_many_connections","detail":"There are too many connections from your address. Close some and try again."}` + "\n"

// perAddress is a listener that keeps one address from taking every
// connection there is: an IPv4 address, or an IPv6 network of 64 bits, which
// is what one household or one attacker has. Whole neighbourhoods share an
// address behind their provider's translation, so the limit is meant to be
// generous: it ends floods, not crowds.
type perAddress struct {
	net.Listener
	limit   int
	refused func()

	goodbyes chan struct{}
	mu       sync.Mutex
	open     map[netip.Prefix]int
}

func limitPerAddress(l net.Listener, limit int, refused func()) *perAddress {
	if refused == nil {
		refused = func() {}
	}
	return &perAddress{Listener: l, limit: limit, refused: refused,
		goodbyes: make(chan struct{}, maxGoodbyes), open: map[netip.Prefix]int{}}
}

// Accept returns the next connection of an address that has not too many.
func (l *perAddress) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		from, ok := originOf(conn.RemoteAddr())
		if !ok {
			return conn, nil
		}
		if l.enter(from) {
			return &counted{Conn: conn, leave: sync.OnceFunc(func() { l.leave(from) })}, nil
		}
		l.refused()
		l.sayGoodbye(conn)
	}
}

// originOf is who counts as one. It reports false for addresses that are none
// of the Internet's.
func originOf(addr net.Addr) (netip.Prefix, bool) {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}, false
	}
	ip := tcp.AddrPort().Addr().Unmap().WithZone("")
	bits := 64
	if ip.Is4() {
		bits = 32
	}
	prefix, err := ip.Prefix(bits)
	return prefix, err == nil
}

func (l *perAddress) enter(from netip.Prefix) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[from] >= l.limit {
		return false
	}
	l.open[from]++
	return true
}

func (l *perAddress) leave(from netip.Prefix) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.open[from]--; l.open[from] == 0 {
		delete(l.open, from)
	}
}

// sayGoodbye tells the client why and closes. An answer to a question not yet
// asked is an error to clients, so it waits for the first byte; reading all that
// was sent keeps the system from resetting the connection before the answer is
// read.
func (l *perAddress) sayGoodbye(conn net.Conn) {
	select {
	case l.goodbyes <- struct{}{}:
	default:
		conn.Close()
		return
	}
	go func() {
		defer func() { <-l.goodbyes }()
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(goodbyeTime))
		var first [1]byte
		if _, err := conn.Read(first[:]); err != nil {
			return
		}
		if _, err := io.WriteString(conn, goodbye); err != nil {
			return
		}
		closeWrite(conn)
		io.Copy(io.Discard, io.LimitReader(conn, maxHeaderBytes))
	}()
}

// counted is a connection that leaves the count when it is closed.
type counted struct {
	net.Conn
	leave func()
}

func (c *counted) Close() error {
	c.leave()
	return c.Conn.Close()
}

// CloseWrite ends one direction, as net/http does after an answer that ends the
// connection.
func (c *counted) CloseWrite() error { return closeWrite(c.Conn) }

func closeWrite(c net.Conn) error {
	if half, ok := c.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
