package bench

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// rate is what a round came to.
type rate struct {
	perSecond float64
	// cpuMicros is the processor time of this process a request: server and
	// client, but nobody else who keeps the machine busy.
	cpuMicros float64
}

// load asks a server n times over so many connections, each sending the next
// request as soon as it has the last answer.
// request(i) is the i-th request as bytes; every answer must have the status.
//
// The clients are as plain as can be, so that what is measured is the server.
func load(ctx context.Context, address string, connections, n, status int, request func(i int) []byte) (rate, error) {
	var next atomic.Int64
	var clients sync.WaitGroup
	errs := make([]error, connections)
	conns := make([]*connection, connections)
	for i := range conns {
		c, err := dial(ctx, address)
		if err != nil {
			return rate{}, err
		}
		defer c.Close()
		conns[i] = c
	}
	began, spent := time.Now(), processorTime()
	for i, c := range conns {
		clients.Go(func() {
			for {
				at := int(next.Add(1) - 1)
				if at >= n || ctx.Err() != nil {
					return
				}
				if err := c.ask(request(at), status); err != nil {
					errs[i] = err
					return
				}
			}
		})
	}
	clients.Wait()
	took := time.Since(began)
	spent = processorTime() - spent
	if err := errors.Join(append(errs, ctx.Err())...); err != nil {
		return rate{}, err
	}
	return rate{float64(n) / took.Seconds(), float64(spent.Microseconds()) / float64(n)}, nil
}

// processorTime is what this process has used so far.
func processorTime() time.Duration {
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// connection is a client's end, speaking just enough HTTP/1.1.
type connection struct {
	net.Conn
	in *bufio.Reader
}

func dial(ctx context.Context, address string) (*connection, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	return &connection{Conn: conn, in: bufio.NewReaderSize(conn, 4096)}, nil
}

var contentLength = []byte("Content-Length: ")

// ask sends a request and reads its answer to the end.
func (c *connection) ask(request []byte, status int) error {
	if _, err := c.Write(request); err != nil {
		return err
	}
	line, err := c.in.ReadSlice('\n')
	if err != nil {
		return err
	}
	if len(line) < 12 || string(line[9:12]) != strconv.Itoa(status) {
		rest, _ := c.in.Peek(c.in.Buffered())
		return fmt.Errorf("answered %q, want %d: %s", bytes.TrimSpace(line), status, rest)
	}
	length := 0
	for {
		if line, err = c.in.ReadSlice('\n'); err != nil {
			return err
		}
		if len(line) == 2 {
			break
		}
		if rest, ok := bytes.CutPrefix(line, contentLength); ok {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(rest))); err != nil {
				return err
			}
		}
	}
	_, err = io.CopyN(io.Discard, c.in, int64(length))
	return err
}
