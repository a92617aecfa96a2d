package stream

import (
	"bytes"
	"fmt"
	"net/http"
	"time"
)

// Writer sends messages down one response. It is for one goroutine.
type Writer struct {
	w       http.ResponseWriter
	control *http.ResponseController
	// patience is how long one message may take to leave before the
	// follower is cut off: waiting for it would hold its buffers for ever.
	patience time.Duration
	buffer   bytes.Buffer
}

// NewWriter sends the response head of an event stream. A message that the
// follower does not take within patience fails, after which the stream must be
// closed.
func NewWriter(w http.ResponseWriter, patience time.Duration) *Writer {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no")
	control := http.NewResponseController(w)
	// The server's limit on reading a request would end the stream with it.
	_ = control.SetReadDeadline(time.Time{})
	w.WriteHeader(http.StatusOK)
	return &Writer{w: w, control: control, patience: patience}
}

// Send writes one message and flushes it.
func (s *Writer) Send(kind Kind, index uint64, leaderAge time.Duration, changes Changes) error {
	s.buffer.Reset()
	fmt.Fprintf(&s.buffer, "event: %s\nid: %d\ndata: {\"index\":%d,\"leader_age_ms\":%d", kind, index, index, leaderAge.Milliseconds())
	if len(changes) > 0 {
		s.buffer.WriteString(`,"changes":`)
		s.buffer.Write(changes) // compact JSON holds no line break
	}
	s.buffer.WriteString("}\n\n")

	// A response writer without deadlines (a test recorder) is not a network
	// connection and cannot be slow.
	_ = s.control.SetWriteDeadline(time.Now().Add(s.patience))
	if _, err := s.w.Write(s.buffer.Bytes()); err != nil {
		return fmt.Errorf("send %s: %w", kind, err)
	}
	if err := s.control.Flush(); err != nil {
		return fmt.Errorf("send %s: %w", kind, err)
	}
	return nil
}
