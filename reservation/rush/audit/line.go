package audit

import (
	"crypto/ed25519"
	"fmt"

	"sunbeon/internal/serving"
	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/record"
)

// line is one cohort's line as its record tells it.
type line struct {
	cohort string
	number uint32 // of the cohort in the record
	found  bool
	order  waitingroom.Order
	places map[waitingroom.Tag]int64 // arrival numbers
	seal   int64                     // people in the lobby, once it is sealed
	sealed bool
	seed   *waitingroom.HexDigest // of the draw
	passes map[waitingroom.PassID]pass
	// followed are the segments adopted so far, current the latest's number.
	followed map[int64]followed
	current  int64
}

// followed is a segment and when it stopped being in force.
type followed struct {
	serving.Segment
	over    bool
	untilMS int64
}

// pass is one as it was issued.
type pass struct {
	seq, turn, segment int64
}

// readLine streams the record in dir. What contradicts itself there is added
// to the findings; a record that is not what the gate signed is an error.
func readLine(dir string, key ed25519.PublicKey, cohort string, f *Findings) (*line, error) {
	l := &line{
		cohort:   cohort,
		places:   map[waitingroom.Tag]int64{},
		passes:   map[waitingroom.PassID]pass{},
		followed: map[int64]followed{},
	}
	_, err := record.Read(dir, func(g *record.Group) error {
		if err := g.Verify(key); err != nil {
			return err
		}
		for i, raw := range g.Records {
			r, err := waitingroom.Parse(raw)
			if err != nil {
				return fmt.Errorf("record %d: %w", g.First+uint64(i), err)
			}
			l.apply(r, f)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the line's record: %w", err)
	}
	if !l.found {
		return nil, fmt.Errorf("read the line's record: it knows no cohort %s", cohort)
	}
	return l, nil
}

func (l *line) apply(r waitingroom.Record, f *Findings) {
	if r.Kind == waitingroom.KindCohort && r.Event.Cohort != nil && r.Event.Cohort.ID == l.cohort {
		l.found, l.number, l.order = true, r.Cohort, r.Event.Cohort.Order
	}
	if !l.found || r.Cohort != l.number {
		return
	}
	switch r.Kind {
	case waitingroom.KindTicket:
		l.ticket(r, f)
	case waitingroom.KindSeal:
		l.seal, l.sealed = r.Event.Count, true
	case waitingroom.KindDraw:
		l.seed = r.Event.Seed
	case waitingroom.KindSegment:
		l.follow(*r.Event.Segment, r.Event.TimeMS)
	case waitingroom.KindClaim:
		l.claim(r, f)
	}
}

func (l *line) ticket(r waitingroom.Record, f *Findings) {
	seq := int64(r.Seq)
	if first, ok := l.places[r.Tag]; ok {
		f.add(&f.Duplicates, "one person has the places %d and %d in the line's record", first, seq)
		return
	}
	if want := int64(len(l.places)) + 1; seq != want {
		f.add(&f.Duplicates, "place %d was given out where %d came next", seq, want)
	}
	l.places[r.Tag] = seq
}

func (l *line) follow(s serving.Segment, nowMS int64) {
	if last, ok := l.followed[l.current]; ok {
		last.over, last.untilMS = true, nowMS
		l.followed[l.current] = last
	}
	l.current = s.Number
	l.followed[s.Number] = followed{Segment: s}
}

func (l *line) claim(r waitingroom.Record, f *Findings) {
	p := pass{seq: int64(r.Seq), turn: l.turn(int64(r.Seq)), segment: r.Segment}
	l.passes[r.Pass] = p
	cited, ok := l.followed[p.segment]
	switch {
	case p.seq < 1 || p.seq > int64(len(l.places)):
		f.add(&f.EarlyPasses, "a pass went to place %d, which nobody has", p.seq)
	case p.turn == 0:
		f.add(&f.EarlyPasses, "place %d got a pass before the lobby was drawn", p.seq)
	case !ok:
		f.add(&f.EarlyPasses, "turn %d got a pass that cites segment %d, which was never followed", p.turn, p.segment)
	default:
		// Claims are recorded in whole seconds, rounded up.
		at := r.At * 1000
		if cited.over {
			at = min(at, cited.untilMS)
		}
		if called := cited.At(at); p.turn > called {
			f.add(&f.EarlyPasses, "turn %d got a pass when segment %d had called up to %d", p.turn, p.segment, called)
		}
	}
}

// turn is the place in the order of calling; 0 while it is not drawn.
func (l *line) turn(seq int64) int64 {
	switch {
	case l.order == waitingroom.FirstCome || l.sealed && seq > l.seal:
		return seq
	case l.seed == nil || seq < 1 || seq > l.seal:
		return 0
	}
	return waitingroom.Turn(*l.seed, l.seal, seq)
}
