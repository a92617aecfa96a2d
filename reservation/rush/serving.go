package rush

import (
	"math"
	"sync"
	"time"

	"sunbeon/reservation/waitingroom"
)

// document is the part of the public serving document that a browser heeds.
type document struct {
	Phase   waitingroom.Phase      `json:"phase"`
	Serving int64                  `json:"serving"`
	OpenMS  int64                  `json:"open_ms"`
	Draw    *draw                  `json:"draw"`
	Poll    []waitingroom.PollStep `json:"poll"`
}

// draw is a lobby that is sealed and, once there is a seed, ordered.
type draw struct {
	Count int64                  `json:"count"`
	Seed  *waitingroom.HexDigest `json:"seed"`
}

// turn is the turn of an arrival number as a browser computes it from the
// public values alone; zero while the lobby is not drawn.
func (d *document) turn(seq int64) int64 {
	if d.Draw == nil || d.Draw.Seed == nil {
		return 0
	}
	if seq > d.Draw.Count {
		return seq
	}
	return waitingroom.Turn(*d.Draw.Seed, d.Draw.Count, seq)
}

// defaultPoll is for a document without advice.
const defaultPoll = 2 * time.Second

// nextLook is when somebody looks again, by the document's own table of who
// has how many turns ahead; a turn of zero is not known yet. Before the opening
// nobody sleeps past it, but all spread over the table's jitter. Random is
// uniform in [0, 1).
func (d *document) nextLook(turn, nowMS int64, random float64) time.Duration {
	ahead := int64(math.MaxInt64)
	if turn > 0 {
		ahead = turn - d.Serving
	}
	for _, row := range d.Poll {
		if ahead > row.Ahead && row.Ahead >= 0 {
			continue
		}
		every := row.EveryMS
		if untilOpen := d.OpenMS - nowMS; untilOpen > 0 {
			every = min(every, untilOpen)
		}
		return time.Duration((float64(every) + random*float64(row.JitterMS)) * float64(time.Millisecond))
	}
	return defaultPoll
}

// documents keeps one copy of the latest serving document for all who saw it,
// as otherwise every waiting person would hold their own.
type documents struct {
	mu   sync.Mutex
	etag string
	last *document
}

func (d *documents) shared(etag string, doc *document) *document {
	d.mu.Lock()
	defer d.mu.Unlock()
	if etag == "" || etag != d.etag {
		d.etag, d.last = etag, doc
	}
	return d.last
}
