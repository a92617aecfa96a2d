package waitingroom

import (
	"fmt"

	"sunbeon/internal/serving"
)

// MaxSkewMS is how far the beginning of a segment may be off the gate's own
// clock when it is adopted.
const MaxSkewMS = 1000

// reachSegments is after how many segments, one a second, a rate that is not
// reached any more counts for little: about a quarter of an hour.
const reachSegments = 1024

// calling follows the serving segments. The number shown never moves back:
// what was reached under one segment stays called under the next.
type calling struct {
	segment serving.Segment
	adopted uint64 // position
	// meanMilli is the rate of recent segments, smoothed, for honest waits.
	meanMilli int64
	// reachMilli is the highest rate of late: what the line could soon do again.
	reachMilli int64
	// high is the number reached before the segment in force, and highBy the
	// segment that reached it.
	high, highBy int64
}

// at returns the serving number and the segment that called up to it.
func (c *calling) at(nowMS int64, serves bool) (number, segment int64) {
	if serves && c.segment.Number > 0 {
		if n := c.segment.At(nowMS); n > c.high {
			return n, c.segment.Number
		}
	}
	return c.high, c.highBy
}

// latch keeps what has been reached by nowMS.
func (c *calling) latch(serves bool, nowMS int64) { c.high, c.highBy = c.at(nowMS, serves) }

// rateMilli is the rate in force, whether or not the cap has been reached.
func (c *calling) rateMilli(nowMS int64) int64 {
	uncapped := c.segment
	uncapped.Cap = 1 << 60
	return uncapped.RateAt(max(nowMS, c.segment.T0))
}

// Serving returns the serving number shown at nowMS.
func (r *Room) Serving(nowMS int64) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	number, _ := r.call.at(nowMS, r.serves())
	return number
}

// RateMilli returns the rate at which turns are being called, in thousandths
// a second: zero while nothing is called.
func (r *Room) RateMilli(nowMS int64) int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.serves() {
		return 0
	}
	return r.call.rateMilli(nowMS)
}

// Adopt follows a segment from nowMS on. The one in force changes nothing. The
// error wraps [ErrSegment]: an older number, a beginning before that of the
// segment in force, or one more than [MaxSkewMS] off the gate's clock. A
// segment that only stands still may be of any age: a gate that was down when
// the line was stopped must stop as well.
func (r *Room) Adopt(s serving.Segment, nowMS int64) (position uint64, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if s == r.call.segment {
		return r.call.adopted, nil
	}
	if err := r.call.follows(s, r.cohort.ID); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrSegment, err)
	}
	if err := timely(s, nowMS); err != nil {
		return 0, fmt.Errorf("%w: %w", ErrSegment, err)
	}
	return r.commitEvent(KindSegment, Event{TimeMS: nowMS, Segment: &s}), nil
}

// timely reports whether a segment may be followed from nowMS on.
func timely(s serving.Segment, nowMS int64) error {
	off := s.T0 - nowMS
	if off > MaxSkewMS || off < -MaxSkewMS && s.RateMilli > 0 {
		return fmt.Errorf("segment %d begins %d ms from when it was adopted", s.Number, off)
	}
	return nil
}

// follows reports whether next may succeed the segment in force.
func (c *calling) follows(next serving.Segment, cohort string) error {
	switch {
	case next.Cohort != cohort:
		return fmt.Errorf("segment of cohort %q", next.Cohort)
	case next.Number <= c.segment.Number:
		return fmt.Errorf("segment %d after segment %d", next.Number, c.segment.Number)
	case next.T0 < c.segment.T0:
		return fmt.Errorf("segment %d begins %d ms before the one in force", next.Number, c.segment.T0-next.T0)
	}
	return next.Validate()
}

func (r *Room) applySegment(position uint64, event *Event) error {
	if event.Segment == nil {
		return fmt.Errorf("%w: no segment", ErrRecord)
	}
	next := *event.Segment
	if err := r.call.follows(next, r.cohort.ID); err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	r.call.latch(r.serves(), event.TimeMS)
	if r.call.segment.Number == 0 {
		r.call.meanMilli = next.RateMilli
	}
	r.call.meanMilli += (next.RateMilli - r.call.meanMilli) / 10
	r.call.reachMilli = max(next.RateMilli, r.call.reachMilli-r.call.reachMilli/reachSegments)
	r.call.segment, r.call.adopted = next, position
	return nil
}
