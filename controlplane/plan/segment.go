package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"sunbeon/internal/serving"
)

// Segments are the serving segments of a cohort: the one in force and the one
// before it, which a gate needs while it changes over.
type Segments struct {
	Revision
	Current  serving.Segment  `json:"current"`
	Previous *serving.Segment `json:"previous,omitempty"`
	// History is the hex SHA-256 chain over all segments: each link hashes the
	// one before it and the JSON of its segment. The segments themselves are
	// in the gates' logs.
	History string `json:"history"`
}

// RenewSegment is the body of segment.renew, a leader's command: a segment
// that begins at the leader's time of the command.
type RenewSegment struct {
	Cohort string `json:"cohort"`
	// RateMilli is the rate wanted over all open cohorts together. What the
	// cohort gets of it is [Plan.RateOf].
	RateMilli int64 `json:"rate_milli"`
	// NoRaise keeps the cohort's rate from rising, for a leader that is not
	// sure of what it sees. A first segment then begins at the floor.
	NoRaise bool `json:"no_raise,omitempty"`
	// SetAheadMS is how far the leader's clock was set ahead since the segment
	// in force began. Nobody was called in a span that never happened.
	SetAheadMS int64 `json:"set_ahead_ms,omitempty"`
}

const (
	// leaseMS is how long a segment's rate holds without the control plane.
	leaseMS = 10_000
	// runAheadMS bounds how far beyond the issued tail a segment calls, in
	// time at its rate: turns that were called before anyone held them would
	// let whoever comes walk through an idle door.
	runAheadMS = 2_000
	// heardMS is how long a gate's report proves that it is there and that
	// its clock and the leader's agree.
	heardMS = 15_000
	// Gates refuse a segment that begins more than a second off their own
	// clock. How far the leader seems ahead includes the report's way, which
	// an election lengthens.
	leaderBehindMS = 1_000
	leaderAheadMS  = 5_000
)

func renewSegment(d *draft, b RenewSegment) error {
	c, ok := d.Cohorts[b.Cohort]
	switch {
	case !ok:
		return refuse(NotFound, "cohort %q", b.Cohort)
	case c.Phase != Open:
		return refuse(IllegalPhase, "cohort %q is %s", c.ID, c.Phase)
	case b.RateMilli < 0 || b.SetAheadMS < 0:
		return refuse(Malformed, "rate %d, clock set ahead by %d ms", b.RateMilli, b.SetAheadMS)
	}
	if err := d.clocksAgree(c.ID); err != nil {
		return err
	}
	before, served := d.Segments[c.ID]
	if served && d.ClockMS < before.Current.T0 {
		return refuse(TimeBackward, "the segment in force began at %d, it is %d", before.Current.T0, d.ClockMS)
	}
	rate := d.RateOf(c.ID, b.RateMilli, d.ClockMS)
	if b.NoRaise {
		limit := d.share(c.ID, d.Admission.FloorMilli)
		if served {
			limit = before.Current.RateMilli
		}
		rate = min(rate, limit)
	}
	d.serve(c, rate, b.SetAheadMS)
	return nil
}

// clocksAgree asks for one gate that was heard of lately and whose clock is
// the leader's. A segment dated by a wrong clock would be refused by the
// gates, and block all that begin before it.
func (d *draft) clocksAgree(cohort string) error {
	heard := false
	agrees := func(stamp, skew int64) bool {
		if age := d.ClockMS - stamp; age < -leaderBehindMS || age > heardMS {
			return false
		}
		heard = true
		return skew >= -leaderBehindMS && skew <= leaderAheadMS
	}
	for _, l := range d.Lines {
		if l.Cohort == cohort && agrees(l.ReportMS+l.SkewMS, l.SkewMS) {
			return nil
		}
	}
	for _, i := range d.Instances {
		if i.Kind == KindGate && agrees(i.ReportMS, i.SkewMS) {
			return nil
		}
	}
	if heard {
		return refuse(ClockDisagrees, "no gate's clock is within reach of %d", d.ClockMS)
	}
	return refuse(NoGate, "no gate has reported for %d s", heardMS/1000)
}

// serve begins the cohort's next segment now, at a rate. S never moves back:
// it goes on from what the segment in force or any gate has shown. A segment
// that begins before the one in force, which only a command that stops the
// line may ask for, begins with it.
func (d *draft) serve(c Cohort, rate, setAheadMS int64) {
	line := d.LineOf(c.ID)
	next := serving.Segment{
		Cohort: c.ID, Number: 1, Start: line.HighWater, T0: d.ClockMS,
		RateMilli:  rate,
		FloorMilli: min(rate, d.share(c.ID, d.Admission.FloorMilli)),
		TauMS:      d.Admission.TauMS,
	}
	history := ""
	var previous *serving.Segment
	if before, ok := d.Segments[c.ID]; ok {
		current := before.Current
		previous, history = &current, before.History
		next.Number = current.Number + 1
		next.T0 = max(next.T0, current.T0)
		next.Start = max(next.Start, current.At(next.T0-setAheadMS))
	}
	next.Until = next.T0 + leaseMS
	next.Cap = max(d.CapOf(c.ID, rate), next.Start)
	put(&d.Segments, c.ID, Segments{
		Revision: d.now(), Current: next, Previous: previous, History: chainSegment(history, next),
	})
}

// CapOf is the number a segment at a rate may call up to: a little beyond the
// issued tail, and never more people than the supply serves.
func (p *Plan) CapOf(cohort string, rateMilli int64) int64 {
	ahead := p.LineOf(cohort).Issued + (rateMilli*runAheadMS+999_999)/1_000_000
	if supply := p.Cohorts[cohort].Supply; supply > 0 {
		ahead = min(ahead, supply)
	}
	return ahead
}

// stop ends all calling in a cohort at once: with no rate there is no floor,
// so the number stands still beyond the lease as well.
func (d *draft) stop(c Cohort) {
	if before, ok := d.Segments[c.ID]; ok && before.Current.RateMilli > 0 {
		d.serve(c, 0, 0)
	}
}

func chainSegment(before string, s serving.Segment) string {
	encoded, err := json.Marshal(s)
	if err != nil {
		panic(err) // a struct of numbers and a string
	}
	sum := sha256.Sum256(append([]byte(before), encoded...))
	return hex.EncodeToString(sum[:])
}
