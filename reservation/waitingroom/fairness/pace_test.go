package fairness_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"sunbeon/reservation/waitingroom/fairness"
	"sunbeon/reservation/waitingroom/record"
	"sunbeon/reservation/waitingroom/tree"
)

// long is a log of one file that takes a while to read.
type long struct{ bytes int64 }

func (l long) Published() []record.Segment {
	return []record.Segment{{Name: "0000000000000000.log", Bytes: l.bytes}}
}
func (long) Head() (uint64, tree.Hash) { return 0, tree.Hash{} }
func (long) Groups() []tree.Hash       { return nil }

// one accepts one connection.
type one chan net.Conn

func (o one) Accept() (net.Conn, error) {
	conn, ok := <-o
	if !ok {
		return nil, net.ErrClosed
	}
	return conn, nil
}
func (o one) Close() error { close(o); return nil }
func (one) Addr() net.Addr { return &net.UnixAddr{} }

// A slow line gets the whole record, however long the server's limit for
// answers is. Trick: slow-loris on it, reading a little for ever.
func TestTrickSlowReaderOfTheRecord(t *testing.T) {
	const size = 12 << 20
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "0000000000000000.log"), make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
	read := func(perSecond int) (got int64, took time.Duration) {
		synctest.Test(t, func(t *testing.T) {
			publisher, err := fairness.NewPublisher(fairness.PublisherConfig{Dir: dir, Log: long{size}, Key: key, Origin: origin})
			if err != nil {
				t.Fatal(err)
			}
			server := &http.Server{Handler: publisher.Handler(), ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second}
			listener := make(one, 1)
			go server.Serve(listener)
			client, conn := net.Pipe()
			listener <- conn
			defer func() { client.Close(); server.Close() }()
			began := time.Now()
			fmt.Fprintf(client, "GET %s0000000000000000.log HTTP/1.1\r\nHost: gate\r\n\r\n", fairness.SegmentPath)
			response, err := http.ReadResponse(bufio.NewReader(client), nil)
			if err != nil {
				t.Error(err)
				return
			}
			for got < size {
				n, err := io.CopyN(io.Discard, response.Body, int64(perSecond))
				got += n
				if err != nil {
					break
				}
				time.Sleep(time.Second)
			}
			took = time.Since(began)
		})
		return got, took
	}
	if got, took := read(64 << 10); got != size || took < 3*time.Minute {
		t.Errorf("at 64 KB a second: %d of %d bytes in %v", got, size, took)
	}
	if got, took := read(1 << 10); got == size || took > 2*time.Minute {
		t.Errorf("at 1 KB a second: %d bytes in %v", got, took)
	}
}
