package fairness

import (
	"net/http"
	"time"
)

const (
	// paceFloor is the least a reader of a long answer must take, in bytes a
	// second over the whole answer after paceGrace: a slow line at home reaches
	// it, and a reader that only holds the connection is let go.
	paceFloor = 32 << 10
	paceGrace = 30 * time.Second
)

// paced gives an answer as much time as its length needs at [paceFloor], where
// a server's limit is one for short answers.
type paced struct {
	http.ResponseWriter
	control *http.ResponseController
	began   time.Time
	written int64
}

func pace(w http.ResponseWriter) *paced {
	return &paced{ResponseWriter: w, control: http.NewResponseController(w), began: time.Now()}
}

// Write moves the deadline on by what it is about to write.
func (p *paced) Write(b []byte) (int, error) {
	p.written += int64(len(b))
	due := p.began.Add(paceGrace + time.Duration(p.written)*time.Second/paceFloor)
	// Writers without deadlines, as in tests, have no limit to move.
	_ = p.control.SetReadDeadline(due)
	_ = p.control.SetWriteDeadline(due)
	return p.ResponseWriter.Write(b)
}
