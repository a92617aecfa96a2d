package fairness_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"sunbeon/internal/serving"
	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/fairness"
)

// A way to rewrite one record. alone is empty where the record itself gives it
// away, each time; otherwise it says why another evening might have gone like
// that, so that only what somebody kept (a receipt, a checkpoint, a witness's
// signature) can tell.
type rewrite struct {
	kind  waitingroom.Kind
	name  string
	alone string
	do    func(*waitingroom.Record)
}

// Reasons for which a record does not give itself away.
const (
	nobodySaw   = "nobody but the person knows who they are"
	notYetUsed  = "an identifier nothing else cites yet"
	withinSlack = "times are free within the slack"
	operators   = "the operator may decide so, in public"
	idle        = "nothing followed from it"
)

func event(change func(*waitingroom.Event)) func(*waitingroom.Record) {
	return func(r *waitingroom.Record) {
		copied := *r.Event
		if r.Event.Cohort != nil {
			c := *r.Event.Cohort
			copied.Cohort = &c
		}
		if r.Event.Segment != nil {
			s := *r.Event.Segment
			copied.Segment = &s
		}
		r.Event = &copied
		change(&copied)
	}
}

func cohort(change func(*waitingroom.Cohort)) func(*waitingroom.Record) {
	return event(func(e *waitingroom.Event) { change(e.Cohort) })
}

// drawnCohort leaves first-come lines alone: they have no seal and no draw.
func drawnCohort(change func(*waitingroom.Cohort)) func(*waitingroom.Record) {
	return cohort(func(c *waitingroom.Cohort) {
		if c.Order == waitingroom.Draw {
			change(c)
		}
	})
}

func segmentOf(change func(*serving.Segment)) func(*waitingroom.Record) {
	return event(func(e *waitingroom.Event) { change(e.Segment) })
}

func clock(byMS int64) func(*waitingroom.Record) {
	return event(func(e *waitingroom.Event) { e.TimeMS += byMS })
}

var rewrites = []rewrite{
	{waitingroom.KindTicket, "another person", nobodySaw, func(r *waitingroom.Record) { r.Tag[3] ^= 8 }},
	{waitingroom.KindTicket, "another number", "", func(r *waitingroom.Record) { r.Seq++ }},
	{waitingroom.KindTicket, "another line", "", func(r *waitingroom.Record) { r.Cohort = (r.Cohort + 1) % 3 }},
	{waitingroom.KindTicket, "a line there is not", "", func(r *waitingroom.Record) { r.Cohort = 9 }},

	{waitingroom.KindClaim, "another pass", notYetUsed, func(r *waitingroom.Record) { r.Pass[15] ^= 1 }},
	{waitingroom.KindClaim, "another person's", "another called person might have come", func(r *waitingroom.Record) { r.Seq = r.Seq%8 + 1 }},
	{waitingroom.KindClaim, "of nobody", "", func(r *waitingroom.Record) { r.Seq = 4_000_000 }},
	{waitingroom.KindClaim, "number nought", "", func(r *waitingroom.Record) { r.Seq = 0 }},
	{waitingroom.KindClaim, "a segment to come", "", func(r *waitingroom.Record) { r.Segment += 50 }},
	{waitingroom.KindClaim, "dated 20 s back", "", func(r *waitingroom.Record) { r.At -= 20 }},
	{waitingroom.KindClaim, "dated 5 s ahead", "", func(r *waitingroom.Record) { r.At += 5 }},

	{waitingroom.KindBooked, "another pass", "", func(r *waitingroom.Record) { r.Pass[0] ^= 0x80 }},
	{waitingroom.KindBooked, "another person", "", func(r *waitingroom.Record) { r.Seq++ }},
	{waitingroom.KindBooked, "dated 20 s back", "", func(r *waitingroom.Record) { r.At -= 20 }},
	{waitingroom.KindExpired, "another pass", "", func(r *waitingroom.Record) { r.Pass[0] ^= 0x80 }},
	{waitingroom.KindExpired, "another person", "", func(r *waitingroom.Record) { r.Seq = 1000 }},

	{waitingroom.KindCohort, "another name", "", cohort(func(c *waitingroom.Cohort) { c.ID += "x" })},
	{waitingroom.KindCohort, "another order", "", cohort(func(c *waitingroom.Cohort) {
		if c.Order = waitingroom.FirstCome; c.DrawMode == "" {
			c.Order = waitingroom.Draw
		}
	})},
	{waitingroom.KindCohort, "the seal a minute later", "", drawnCohort(func(c *waitingroom.Cohort) { c.SealMS += 60_000 })},
	{waitingroom.KindCohort, "the seal earlier", operators, cohort(func(c *waitingroom.Cohort) { c.SealMS -= 10_000 })},
	{waitingroom.KindCohort, "another commitment", "", drawnCohort(func(c *waitingroom.Cohort) {
		if c.Commitment != "" {
			c.Commitment = "ab" + c.Commitment[2:]
		} else {
			c.Source = "drand:quicknet/999"
		}
	})},
	{waitingroom.KindCohort, "fewer doses", operators, cohort(func(c *waitingroom.Cohort) { c.Supply = 3 })},
	{waitingroom.KindCohort, "passes for a second", operators, cohort(func(c *waitingroom.Cohort) { c.PassMS = 1 })},

	{waitingroom.KindSeal, "a ticket more", "", event(func(e *waitingroom.Event) { e.Count++ })},
	{waitingroom.KindSeal, "a ticket less", "", event(func(e *waitingroom.Event) { e.Count-- })},
	{waitingroom.KindSeal, "another root", "", event(func(e *waitingroom.Event) { e.Root = &waitingroom.HexDigest{1} })},
	{waitingroom.KindSeal, "before its hour", "", clock(-5_000)},
	{waitingroom.KindDraw, "another value", "", event(func(e *waitingroom.Event) { e.Value = append(waitingroom.HexBytes{1}, e.Value[1:]...) })},
	{waitingroom.KindDraw, "no value", "", event(func(e *waitingroom.Event) { e.Value = nil })},
	{waitingroom.KindDraw, "another seed", "", event(func(e *waitingroom.Event) { e.Seed = &waitingroom.HexDigest{1} })},

	{waitingroom.KindSegment, "further ahead", "", segmentOf(func(s *serving.Segment) { s.Start, s.Cap = s.Start+4, s.Cap+4 })},
	{waitingroom.KindSegment, "further ahead after a gap", "", segmentOf(func(s *serving.Segment) { s.Number, s.Start, s.Cap = s.Number+1, s.Start+90, s.Cap+90 })},
	{waitingroom.KindSegment, "backdated 5 s", "", segmentOf(func(s *serving.Segment) { s.T0 -= 5_000 })},
	{waitingroom.KindSegment, "dated ahead 5 s", "", segmentOf(func(s *serving.Segment) { s.T0, s.Until = s.T0+5_000, s.Until+5_000 })},
	{waitingroom.KindSegment, "beyond the tail", "", segmentOf(func(s *serving.Segment) { s.Cap += 1000 })},
	{waitingroom.KindSegment, "a monstrous rate", "", segmentOf(func(s *serving.Segment) { s.RateMilli, s.Cap = 1<<61, 1<<61 })},
	{waitingroom.KindSegment, "of another line", "", segmentOf(func(s *serving.Segment) { s.Cohort = "another" })},
	{waitingroom.KindSegment, "an older number", "", segmentOf(func(s *serving.Segment) { s.Number = 0 })},
	{waitingroom.KindSegment, "a lower rate", "the claims after it may fit it as well", segmentOf(func(s *serving.Segment) { s.RateMilli, s.FloorMilli = 100, 100 })},
	{waitingroom.KindSegment, "none", "", event(func(e *waitingroom.Event) { e.Segment = nil })},

	{waitingroom.KindHold, "the other way round", "", event(func(e *waitingroom.Event) { e.Held = !e.Held })},
	{waitingroom.KindHold, "another reason", operators, event(func(e *waitingroom.Event) { e.Reason = "none of your business" })},
	{waitingroom.KindHold, "a field of another kind", "", event(func(e *waitingroom.Event) { e.Phase = waitingroom.Open })},
	{waitingroom.KindPhase, "into nowhere", "", event(func(e *waitingroom.Event) { e.Phase = "ended" })},
	{waitingroom.KindPhase, "dated a minute back", "", clock(-60_000)},
	{waitingroom.KindPhase, "dated a minute ahead", "", clock(60_000)},
	{waitingroom.KindOutage, "longer by an hour", "passes only live longer, and the span is public", event(func(e *waitingroom.Event) { e.FromMS -= 3_600_000 })},
	{waitingroom.KindOutage, "ended before it began", "", event(func(e *waitingroom.Event) { e.FromMS = e.TimeMS + 1 })},
	{waitingroom.KindVoid, "dated a minute back", "", clock(-60_000)},
}

// moves rearrange records as they are; whether a kind gives itself away each
// time is in the map, and why not.
var moves = map[string]map[waitingroom.Kind]string{
	"left out": {
		waitingroom.KindTicket:  "another person might not have come",
		waitingroom.KindClaim:   "they might not have fetched it",
		waitingroom.KindBooked:  "they might not have booked",
		waitingroom.KindExpired: "told by the clock as well",
		waitingroom.KindCohort:  operators, // a postponement that changed nothing
		waitingroom.KindSegment: "it may have been missed",
		waitingroom.KindHold:    idle,
		waitingroom.KindPhase:   idle,
		waitingroom.KindOutage:  idle,
		waitingroom.KindVoid:    operators,
	},
	"twice": {
		waitingroom.KindExpired: "a crash between it and the claim leaves just that",
		waitingroom.KindVoid:    "nothing new ended",
	},
}

// follows reports whether a record needs the one that came before it.
func follows(r, before waitingroom.Record) bool {
	if r.Cohort != before.Cohort {
		return false
	}
	switch r.Kind {
	case waitingroom.KindTicket:
		return before.Kind == waitingroom.KindTicket || before.Kind == waitingroom.KindSeal
	case waitingroom.KindSeal:
		return before.Kind == waitingroom.KindTicket
	case waitingroom.KindDraw:
		return before.Kind == waitingroom.KindSeal
	case waitingroom.KindSegment:
		return before.Kind == waitingroom.KindSegment
	case waitingroom.KindClaim:
		return before.Kind == waitingroom.KindSegment && before.Event.Segment.Number == r.Segment
	case waitingroom.KindBooked:
		return before.Kind == waitingroom.KindClaim && before.Pass == r.Pass
	}
	return false
}

// The operator holds the key. They rewrite one record, sign everything anew,
// and nobody kept anything: what must give itself away does, whichever record
// it is. And whatever does not, one checkpoint kept by anybody does.
func TestOperatorRewritesAnyRecord(t *testing.T) {
	p, s := play(t), newSuspect(t)
	passed := map[string]int{}
	try := func(what, alone string, groups []group) {
		t.Helper()
		s.write(map[string][]byte{firstFile: encode(key, groups)})
		if s.verify() != nil {
			return
		}
		if alone == "" {
			t.Errorf("%s: the record does not give itself away", what)
		}
		passed[alone]++
		if v := s.verify(p.checkpoint); v == nil || v.Claim != fairness.OnlyGrew {
			t.Errorf("%s: beside a checkpoint: %+v", what, v)
		}
	}
	seen := map[waitingroom.Kind]int{}
	for g := range p.groups {
		for i, encoded := range p.groups[g].records {
			r := parse(t, encoded)
			seen[r.Kind]++
			what := func(name string) string {
				return fmt.Sprintf("record %d of group %d, number %d of kind %d: %s", i, g, seen[r.Kind], r.Kind, name)
			}
			// There are many alike of these.
			if r.Kind == waitingroom.KindTicket || r.Kind == waitingroom.KindClaim || r.Kind == waitingroom.KindSegment {
				if seen[r.Kind]%5 != 1 {
					continue
				}
			}
			for _, w := range rewrites {
				if w.kind != r.Kind {
					continue
				}
				changed := r
				w.do(&changed)
				again, err := changed.Append(nil)
				if err != nil {
					t.Fatal(err)
				}
				if bytes.Equal(again, encoded) {
					continue // it does not apply here
				}
				groups := p.copyGroups()
				groups[g].records[i] = again
				try(what(w.name), w.alone, groups)
			}
			groups := p.copyGroups()
			groups[g].records = slices.Delete(groups[g].records, i, i+1)
			try(what("left out"), moves["left out"][r.Kind], groups)
			groups = p.copyGroups()
			groups[g].records = slices.Insert(groups[g].records, i, encoded)
			try(what("twice"), moves["twice"][r.Kind], groups)
		}
		// The next record is as often as not the first of the next group.
		if g+1 == len(p.groups) || len(p.groups[g].records) == 0 || len(p.groups[g+1].records) == 0 {
			continue
		}
		groups := p.copyGroups()
		last, first := &groups[g].records[len(groups[g].records)-1], &groups[g+1].records[0]
		*last, *first = *first, *last
		alone := "neither follows from the other"
		if follows(parse(t, *last), parse(t, *first)) {
			alone = ""
		}
		try(fmt.Sprintf("the last record of group %d exchanged with the next", g), alone, groups)
	}
	for _, kind := range slices.Sorted(maps.Keys(seen)) {
		t.Logf("kind %d: %d records", kind, seen[kind])
	}
	for _, reason := range slices.Sorted(maps.Keys(passed)) {
		t.Logf("%3d only beside a checkpoint: %s", passed[reason], reason)
	}
}
