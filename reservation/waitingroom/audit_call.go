package waitingroom

import (
	"fmt"

	"sunbeon/internal/serving"
)

const (
	// RunAheadMS is how far beyond the last ticket a segment may call, in
	// milliseconds at its rate.
	RunAheadMS = 2_000
	// maxRateMilli is more than a nation a second; it keeps sums in range.
	maxRateMilli = 1e12
)

// auditSegment checks that a segment begins when it was adopted, goes on from
// where the one before it had come, and calls nobody beyond the tail.
func (r *Room) auditSegment(s serving.Segment, atMS int64) error {
	if err := timely(s, atMS); err != nil {
		return err
	}
	if s.RateMilli > maxRateMilli {
		return fmt.Errorf("segment %d calls %d turns a second", s.Number, s.RateMilli/1000)
	}
	r.suspicion.maxRate = max(r.suspicion.maxRate, s.RateMilli)
	before := r.call.segment
	reached, _ := r.call.at(atMS, r.serves())
	if before.Number > 0 {
		reached = max(reached, before.At(s.T0))
	}
	if s.Number > before.Number+1 {
		// Segments between are not on record, nor their rates. They kept to the
		// tail as well.
		reached = max(reached, r.tail(r.suspicion.maxRate))
	}
	if s.Start > reached {
		return fmt.Errorf("segment %d begins at %d, where segment %d had called %d", s.Number, s.Start, before.Number, reached)
	}
	if s.Cap > max(r.tail(s.RateMilli), s.Start) {
		return fmt.Errorf("segment %d may call up to %d, beyond the tail of %d tickets", s.Number, s.Cap, r.line.len())
	}
	return nil
}

// tail is how far a segment of a rate may call: to the last ticket and a little
// beyond, and no further than the doses go.
func (r *Room) tail(rateMilli int64) int64 {
	tail := r.line.len() + (rateMilli*RunAheadMS+999_999)/1_000_000
	if r.cohort.Supply > 0 {
		tail = min(tail, r.cohort.Supply)
	}
	return tail
}

// auditClaim checks that a pass went to a called turn that had none.
func (r *Room) auditClaim(record *Record) error {
	if err := r.admitsClaims(); err != nil {
		return fmt.Errorf("pass of ticket %d issued in phase %q: %w", record.Seq, r.phase, err)
	}
	if record.Seq == 0 || int64(record.Seq) > r.line.len() {
		return fmt.Errorf("pass for ticket %d of %d", record.Seq, r.line.len())
	}
	atMS := record.At * 1000
	turn := r.place(record.Seq, atMS).drawTurn().Turn
	if turn == 0 {
		return fmt.Errorf("pass of ticket %d issued before the draw", record.Seq)
	}
	var reached int64
	switch record.Segment {
	case r.call.segment.Number:
		reached = r.call.segment.At(atMS)
	case r.call.highBy:
		reached = r.call.high
	default:
		return fmt.Errorf("pass of ticket %d cites segment %d, which was not followed", record.Seq, record.Segment)
	}
	if record.Segment == r.call.highBy {
		reached = max(reached, r.call.high)
	}
	if turn > reached {
		return fmt.Errorf("early pass: ticket %d has turn %d, segment %d had called %d",
			record.Seq, turn, record.Segment, reached)
	}
	if _, known := r.hall.audited[record.Pass]; known {
		return fmt.Errorf("pass of ticket %d was issued before", record.Seq)
	}
	if i, pass := r.passes.of(record.Seq); pass != nil {
		if pass.booked {
			return fmt.Errorf("ticket %d got another pass after booking", record.Seq)
		}
		// The expiry recorded in the same breath is told by the clock.
		if r.passes.live(i, r.clock.at(atMS)) {
			return fmt.Errorf("ticket %d got a second pass while the first was good", record.Seq)
		}
	}
	if r.hall.audited == nil {
		r.hall.audited = map[PassID]struct{}{}
	}
	r.hall.audited[record.Pass] = struct{}{}
	return nil
}

func (r *Room) auditExpired(record *Record) error {
	i, pass := r.passes.of(record.Seq)
	switch {
	case pass == nil || pass.id != record.Pass || pass.booked:
		return fmt.Errorf("a pass that ticket %d does not hold ended", record.Seq)
	case r.passes.live(i, r.clock.at(record.At*1000)):
		return fmt.Errorf("pass of ticket %d ended before its time", record.Seq)
	}
	return nil
}
