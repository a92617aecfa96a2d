package rush

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"sunbeon/internal/problem"
	"sunbeon/reservation/rush/journal"
)

// walker takes people along their way, step by step.
type walker struct {
	ctx     context.Context // of the requests; outlives the arrivals by a grace
	agenda  *agenda
	client  *client
	gate    url.URL
	legacy  url.URL
	cohort  string
	think   time.Duration
	script  *Script
	journal *journal.Writer
	tally   *tally
	latest  documents
}

// schedule has the person take a step at due.
func (w *walker) schedule(v *visit, s step, due time.Time) {
	w.agenda.at(due, func() {
		v.meant = due
		w.take(v, s)
	})
}

// take runs a step that is due and schedules what follows.
func (w *walker) take(v *visit, s step) {
	m, err := s(w, v)
	switch {
	case err != nil && w.ctx.Err() != nil:
		return // the run was ended in mid-request: neither success nor error
	case err != nil:
		m = w.recover(v, s, err)
	default:
		v.tries, v.trouble = 0, ""
	}
	if m.end.kind != underWay {
		w.tally.leave(v, m.end)
		return
	}
	due := time.Now().Add(m.after)
	if !m.again {
		w.schedule(v, m.next, due)
		return
	}
	meant := v.meant
	w.agenda.at(due, func() {
		v.meant = meant
		w.take(v, m.next)
	})
}

// maxTries is how many troubles in a row a person puts up with, which at the
// longest pauses is some minutes.
const maxTries = 40

// recover decides what a person does about an error of step s.
func (w *walker) recover(v *visit, s step, err error) move {
	var p *problem.Problem
	if !errors.As(err, &p) {
		p = problem.New(0, "no_answer", err.Error())
	}
	after := time.Duration(p.RetryAfterMS) * time.Millisecond
	switch {
	case asksToWait(p):
		w.tally.hold(v, p)
		v.trouble = ""
		if w.script != nil && v.pass != "" {
			if v.random.Float64() < w.script.GiveUp {
				return move{end: outcome{kind: failed, code: p.Code}}
			}
			return move{next: s, after: w.script.Retry.draw(v.random)}
		}
		return move{next: s, after: v.soon(max(after, time.Second/4))}
	case p.Status == http.StatusUnauthorized && v.tries < maxTries:
		v.tries++
		return move{next: reenter(p), after: w.pause(v)}
	case p.Status == 0 || p.Status >= 500:
		w.tally.trouble(p.Code)
		v.trouble = p.Code
		if v.tries++; v.tries < maxTries {
			return move{next: s, after: max(w.pause(v), v.soon(after)), again: after == 0}
		}
	case p.Status == http.StatusForbidden || p.Status == http.StatusConflict:
		return move{end: outcome{kind: refused, code: reason(p)}}
	}
	return move{end: outcome{kind: failed, code: p.Code}}
}

// asksToWait tells "hold on", which is no error however often it is said, from
// a refusal and from a system that is down or does not know.
func asksToWait(p *problem.Problem) bool {
	switch p.Status {
	case http.StatusConflict, http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return p.RetryAfterMS > 0 && p.Code != "upstream_down"
	}
	return false
}

// reason names a refusal, with its own reason where it gives one.
func reason(p *problem.Problem) string {
	if why, ok := p.Extra["reason"].(string); ok && why != "" {
		return p.Code + "/" + why
	}
	return p.Code
}

// pause is how long a person whose page did not load waits before they try
// again: longer each time, and nobody the same.
func (w *walker) pause(v *visit) time.Duration {
	const first, most = 250 * time.Millisecond, 4 * time.Second
	d := most
	if v.tries < 5 {
		d = min(first<<v.tries, most)
	}
	return time.Duration((0.5 + v.random.Float64()) * float64(d))
}

// onward goes to another page after a look at this one, unless the person leaves
// content.
func (w *walker) onward(v *visit, next step, page string) (move, error) {
	if w.script == nil {
		return then(next, w.ponder(v))
	}
	if v.random.Float64() < w.script.Leave {
		return finish(gaveUp)
	}
	return then(next, w.script.Pages[page].draw(v.random))
}

// ponder is how long a person looks at a page before the next click.
func (w *walker) ponder(v *visit) time.Duration {
	return min(time.Duration(v.random.ExpFloat64()*float64(w.think)), 5*w.think)
}

func (w *walker) at(base url.URL, path string, query url.Values) url.URL {
	base.Path += path
	base.RawQuery = query.Encode()
	return base
}

// note writes what was acknowledged to the journal.
func (w *walker) note(v *visit, e journal.Entry) {
	e.TimeMS = time.Now().UnixMilli()
	e.Person = v.person.ID
	e.Cohort = w.cohort
	w.journal.Append(e)
}
