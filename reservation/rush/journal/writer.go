package journal

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// flushEvery bounds what a crash of the load generator loses.
const flushEvery = 200 * time.Millisecond

// Writer appends entries. It is safe for concurrent use.
type Writer struct {
	mu   sync.Mutex
	file *os.File
	buf  *bufio.Writer
	enc  *json.Encoder
	err  error

	stop chan struct{}
	done chan struct{}
}

// Create starts an empty journal at path, which must not exist: a journal is
// of one run.
func Create(path string) (*Writer, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create journal: %w", err)
	}
	w := &Writer{file: f, buf: bufio.NewWriterSize(f, 64<<10), stop: make(chan struct{}), done: make(chan struct{})}
	w.enc = json.NewEncoder(w.buf)
	go w.flushing()
	return w, nil
}

// Append adds an entry. The first error is kept and returned by [Writer.Close]:
// the citizen who appends has no use for it.
func (w *Writer) Append(e Entry) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = w.enc.Encode(e)
	}
}

// Close writes out what is buffered and returns the first error there was.
func (w *Writer) Close() error {
	close(w.stop)
	<-w.done
	w.flush()
	if err := errors.Join(w.err, w.file.Close()); err != nil {
		return fmt.Errorf("write journal: %w", err)
	}
	return nil
}

func (w *Writer) flushing() {
	defer close(w.done)
	tick := time.NewTicker(flushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			w.flush()
		case <-w.stop:
			return
		}
	}
}

func (w *Writer) flush() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err == nil {
		w.err = w.buf.Flush()
	}
}
