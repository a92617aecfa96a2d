package gate

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/serving"
	"sunbeon/reservation/waitingroom"
)

// servingDocument is the public state of one line: the same for everyone, so
// that it can be cached anywhere. With the segment, anyone computes the
// serving number themselves.
type servingDocument struct {
	Cohort  string           `json:"cohort"`
	Phase   plan.Phase       `json:"phase"`
	Held    bool             `json:"held"`
	Serving int64            `json:"serving"`
	Issued  int64            `json:"issued"`
	OpenMS  int64            `json:"open_ms"`
	CloseMS int64            `json:"close_ms"`
	Segment *serving.Segment `json:"segment"`
	// Draw is the sealed set and, once drawn, the seed: what a person needs
	// to compute their own turn.
	Draw *plan.Draw `json:"draw,omitempty"`
	// Poll says when to look again, by the number of people ahead.
	Poll []waitingroom.PollStep `json:"poll"`
}

// document keeps the rendered serving document of one line.
type document struct {
	mu      sync.Mutex // held by the one who renders
	current atomic.Pointer[rendered]
}

type rendered struct {
	step int64 // the step of the machine's clock it was rendered in
	body []byte
	// Header values as net/http wants them, made once.
	etag, length []string
}

// expire makes the next reader render again.
func (d *document) expire() {
	if old := d.current.Load(); old != nil {
		stale := *old
		stale.step = -1
		d.current.CompareAndSwap(old, &stale)
	}
}

// get returns the document of the present step of the serving number. While
// one request renders the next, others are served the last. The machine's clock
// at wallMS decides when a step is over; nowMS is asked for the line's time.
func (d *document) get(l *line, wallMS int64, nowMS func() int64) (*rendered, error) {
	step := wallMS / serving.StepMS
	current := d.current.Load()
	if current != nil && current.step == step {
		return current, nil
	}
	if current == nil {
		d.mu.Lock()
	} else if !d.mu.TryLock() {
		return current, nil
	}
	defer d.mu.Unlock()
	if current = d.current.Load(); current != nil && current.step == step {
		return current, nil
	}
	next, err := render(l, nowMS())
	if err != nil {
		return nil, err
	}
	next.step = step
	d.current.Store(next)
	return next, nil
}

func render(l *line, nowMS int64) (*rendered, error) {
	counts := l.room.Counts(nowMS)
	document := servingDocument{
		Cohort: l.cohort.ID, Phase: l.cohort.Phase, Held: l.room.Held(), Serving: counts.Serving, Issued: counts.Tickets,
		OpenMS: l.cohort.OpenMS, CloseMS: l.cohort.CloseMS, Draw: l.cohort.Draw,
	}
	if segment, ok := l.room.Segment(); ok {
		document.Segment = &segment
	}
	document.Poll = l.room.PollTable(nowMS)
	if opensIn := l.cohort.OpenMS - nowMS; opensIn > 0 && l.room.Phase() != waitingroom.Open {
		document.Poll = waitingroom.LobbyPollTable(opensIn)
	}
	body, err := json.Marshal(document)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(body)
	return &rendered{
		body:   body,
		etag:   []string{`"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`},
		length: []string{strconv.Itoa(len(body))},
	}, nil
}

// A cache may show the document for a second: the number is at most that old,
// and anyone can compute it forward.
var servingCache = []string{"public, max-age=1"}

// showServing is GET /v1/serving/{cohort}: the one document everybody waiting
// asks for again and again.
func (g *Gate) showServing(w http.ResponseWriter, r *http.Request) {
	v := g.view.Load()
	if v == nil {
		g.refuse(w, starting())
		return
	}
	l, ok := v.byID[strings.TrimPrefix(r.URL.Path, servingPath)]
	if !ok {
		g.refuse(w, noCohort())
		return
	}
	doc, err := l.document.get(l, g.config.Now().UnixMilli(), g.nowMS)
	if err != nil {
		g.refuse(w, g.internal(r.Context(), err))
		return
	}
	h := w.Header()
	h["Etag"], h["Cache-Control"] = doc.etag, servingCache
	if seen := r.Header.Get("If-None-Match"); seen == "*" || strings.Contains(seen, doc.etag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"], h["Content-Length"] = jsonType, doc.length
	w.Write(doc.body)
}
