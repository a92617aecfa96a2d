package rush

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"sunbeon/internal/problem"
	"sunbeon/reservation/rush/journal"
	"sunbeon/reservation/waitingroom"
)

// The first half of the way: from the identity check to the pass.

// identify proves who the person is to an identity provider. What follows up
// to the ticket is one form to the person: the browser goes on by itself.
func (w *walker) identify(v *visit) (move, error) {
	var result struct {
		Assertion string `json:"assertion"`
	}
	p := &v.person
	_, err := w.client.ask(w.ctx, question{
		route: "POST /identity/{provider}",
		url:   w.at(w.legacy, "/identity/"+v.provider(), nil),
		meant: v.meant,
		body: map[string]string{
			"name": p.Name, "birth": p.Birth.Format(time.DateOnly), "digits": p.Digits,
			"phone": p.Phone, "province": p.Province,
		},
	}, &result)
	if err != nil {
		return move{}, err
	}
	v.assertion = result.Assertion
	return then((*walker).logIn, 0)
}

// logIn takes the place with it, where there is one to be had.
func (w *walker) logIn(v *visit) (move, error) {
	var result struct {
		Ticket *ticket `json:"ticket"`
	}
	a, err := w.client.ask(w.ctx, question{
		route: "POST /v1/login",
		url:   w.at(w.gate, "/v1/login", nil),
		meant: v.meant,
		body:  map[string]any{"assertion": v.assertion, "join": true},
	}, &result)
	if err != nil {
		return move{}, err
	}
	v.assertion, v.login = "", pairs(a.cookies)
	if result.Ticket == nil {
		return then((*walker).join, 0)
	}
	return w.joined(v, *result.Ticket)
}

// ticket is a place as the gate tells it.
type ticket struct {
	Seq     int64             `json:"seq"`
	Turn    int64             `json:"turn"` // null, read as zero, until it is drawn
	Serving int64             `json:"serving"`
	State   waitingroom.State `json:"state"`
}

func (w *walker) join(v *visit) (move, error) {
	var t ticket
	_, err := w.client.ask(w.ctx, question{
		route:  "POST /v1/ticket",
		url:    w.at(w.gate, "/v1/ticket", nil),
		meant:  v.meant,
		cookie: v.login,
	}, &t)
	if err != nil {
		return move{}, err
	}
	return w.joined(v, t)
}

func (w *walker) joined(v *visit, t ticket) (move, error) {
	w.note(v, journal.Entry{Event: journal.Ticket, Device: v.device, Seq: &t.Seq, Turn: known(t.Turn)})
	v.seq, v.turn = t.Seq, t.Turn
	if v.joined.IsZero() {
		v.joined = time.Now()
		w.tally.count(func(c *Counts) { c.Tickets++ })
	}
	switch {
	case t.State == waitingroom.Booked:
		return then((*walker).lookUp, 0) // on an evening before this one
	case v.temper.twice && v.device == 1:
		v.device = 2
		return then((*walker).identify, w.ponder(v))
	case t.Turn > 0 && t.Turn <= t.Serving:
		return w.called(v, 0)
	}
	return then((*walker).wait, 0)
}

// wait looks at the serving document and decides when to look again.
func (w *walker) wait(v *visit) (move, error) {
	seen, served := v.looked, int64(0)
	if v.document != nil {
		served = v.document.Serving
	}
	if err := w.look(v); err != nil {
		return move{}, err
	}
	v.looked = time.Now()
	d := v.document
	if v.turn == 0 {
		v.turn = d.turn(v.seq)
	}
	switch {
	case d.Phase == waitingroom.Closed:
		return refuse("closed")
	case v.turn > 0 && v.turn <= d.Serving:
		since := time.Duration(0)
		if !seen.IsZero() {
			since = unnoticed(v.turn, served, d.Serving, v.looked.Sub(seen))
		}
		return w.called(v, since)
	case v.temper.patience > 0 && time.Since(v.joined) > v.temper.patience:
		return finish(gaveUp)
	}
	return then((*walker).wait, d.nextLook(v.turn, time.Now().UnixMilli(), v.random.Float64()))
}

// called is what a person does who has learned that their turn was called a while
// ago.
func (w *walker) called(v *visit, since time.Duration) (move, error) {
	if v.temper.absent {
		return finish(gaveUp)
	}
	late := v.temper.lateness
	v.temper.lateness = 0
	if w.script != nil {
		late = max(0, late-since)
	}
	return then((*walker).claim, late)
}

// unnoticed is how long ago a turn was called, of which one learns only now:
// between two looks the serving number went on evenly.
func unnoticed(turn, before, now int64, between time.Duration) time.Duration {
	return time.Duration(float64(now-turn) / float64(max(now-before, 1)) * float64(between))
}

func (w *walker) look(v *visit) error {
	var doc document
	q := question{
		route: "GET /v1/serving/{cohort}",
		url:   w.at(w.gate, "/v1/serving/"+w.cohort, nil),
		meant: v.meant,
		etag:  v.etag,
	}
	a, err := w.client.ask(w.ctx, q, &doc)
	if err != nil {
		return err
	}
	if a.status != http.StatusNotModified {
		v.document, v.etag = w.latest.shared(a.etag, &doc), a.etag
	}
	if v.document == nil {
		return problem.New(a.status, "malformed_answer", "not modified, but never sent")
	}
	return nil
}

func (w *walker) claim(v *visit) (move, error) {
	var pass struct {
		ID      string `json:"pass_id"`
		Turn    int64  `json:"turn"`
		Segment int64  `json:"segment"`
	}
	a, err := w.client.ask(w.ctx, question{
		route:  "POST /v1/claim",
		url:    w.at(w.gate, "/v1/claim", nil),
		meant:  v.meant,
		cookie: v.login,
	}, &pass)
	var p *problem.Problem
	if errors.As(err, &p) {
		switch p.Code {
		case "not_called":
			// The document ran ahead of the gate, or the cohort was paused.
			return then((*walker).wait, v.soon(max(time.Duration(p.RetryAfterMS)*time.Millisecond, time.Second/4)))
		case "already_booked":
			return then((*walker).lookUp, 0)
		}
	}
	if err != nil {
		return move{}, err
	}
	w.note(v, journal.Entry{Event: journal.Pass, PassID: pass.ID, Turn: &pass.Turn, Segment: pass.Segment})
	if v.pass == "" {
		w.tally.enter()
	}
	v.pass = pairs(a.cookies)
	if v.temper.leaves {
		return finish(gaveUp)
	}
	if w.script != nil {
		return then((*walker).checkEligibility, w.script.Pages[PageEligibility].draw(v.random))
	}
	return then((*walker).listInstitutions, 0)
}

// reenter is where a person goes on whom a server no longer knows.
func reenter(p *problem.Problem) step {
	if strings.Contains(p.Code, "pass") {
		return (*walker).claim
	}
	return (*walker).identify
}

// pairs is what a browser sends back for the cookies it was given.
func pairs(cookies []*http.Cookie) string {
	var b strings.Builder
	for _, c := range cookies {
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(c.Name + "=" + c.Value)
	}
	return b.String()
}

func known(turn int64) *int64 {
	if turn == 0 {
		return nil
	}
	return &turn
}
