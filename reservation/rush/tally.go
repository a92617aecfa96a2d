package rush

import (
	"maps"
	"net/http"
	"sync"
	"time"

	"sunbeon/internal/problem"
)

// tally counts what happens to the crowd.
type tally struct {
	mu     sync.Mutex
	visits map[int]*visit // of those under way
	counts Counts
	// refused and failed count ended visits by code, holds and troubles all
	// that was seen on the way.
	refused, failed, holds, troubles map[string]int
	held                             map[int]struct{} // people who saw a 503
	left                             chan struct{}    // closed when all expected have left
	gone                             chan struct{}    // told when somebody has left
	expected                         int
	opened                           time.Time
	series                           Series
}

// Series counts, in each second after the opening, the people let in, those who
// booked, and those who saw their first 503 since they were let in.
type Series struct {
	Passes   []int `json:"passes"`
	Bookings []int `json:"bookings"`
	Held     []int `json:"held"`
}

// Counts is how far the crowd has come.
type Counts struct {
	Arrived  int // people who have begun
	Tickets  int // people with a place in the line
	Passes   int // people who were let in
	Bookings int // bookings acknowledged
	Booked   int // people who left with a booking
	Canceled int // people who left having cancelled
	GivenUp  int // people who left of their own accord
	Refused  int // people told that they may not
	Failed   int // people whose last event was an error
	Errors   int // errors anybody saw, most of them overcome
}

// Left is how many people are through with their evening.
func (c Counts) Left() int { return c.Booked + c.Canceled + c.GivenUp + c.Refused + c.Failed }

func newTally(expected int, opened time.Time) *tally {
	return &tally{
		visits:   make(map[int]*visit),
		refused:  map[string]int{},
		failed:   map[string]int{},
		holds:    map[string]int{},
		troubles: map[string]int{},
		held:     map[int]struct{}{},
		left:     make(chan struct{}),
		gone:     make(chan struct{}, 1),
		expected: expected,
		opened:   opened,
	}
}

func (t *tally) arrive(v *visit) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.visits[v.person.Index] = v
	t.counts.Arrived++
}

func (t *tally) count(add func(*Counts)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	add(&t.counts)
}

// enter and book count a person let in, and one who booked.
func (t *tally) enter() {
	t.count(func(c *Counts) { c.Passes++; t.tick(&t.series.Passes) })
}

func (t *tally) book() {
	t.count(func(c *Counts) { c.Bookings++; t.tick(&t.series.Bookings) })
}

// tick counts one event in the present second. Callers hold mu.
func (t *tally) tick(series *[]int) {
	second := max(0, int(time.Since(t.opened)/time.Second))
	for len(*series) <= second {
		*series = append(*series, 0)
	}
	(*series)[second]++
}

// hold notes that a person was asked to wait a moment, and by whom.
func (t *tally) hold(v *visit, p *problem.Problem) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.holds[p.Code]++
	if p.Status != http.StatusServiceUnavailable {
		return
	}
	t.held[v.person.Index] = struct{}{}
	if v.pass != "" && !v.heldInside {
		v.heldInside = true
		t.tick(&t.series.Held)
	}
}

func (t *tally) trouble(code string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.counts.Errors++
	t.troubles[code]++
}

func (t *tally) leave(v *visit, end outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.end(v, end)
	if t.counts.Left() == t.expected {
		close(t.left)
	}
	select {
	case t.gone <- struct{}{}:
	default: // it is known already
	}
}

// underWay is how many people have come and not left.
func (t *tally) underWay() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.visits)
}

func (t *tally) end(v *visit, end outcome) {
	delete(t.visits, v.person.Index)
	switch end.kind {
	case booked:
		t.counts.Booked++
	case cancelled:
		t.counts.Canceled++
	case gaveUp:
		t.counts.GivenUp++
	case refused:
		t.counts.Refused++
		t.refused[end.code]++
	case failed:
		t.counts.Failed++
		t.failed[end.code]++
	}
}

// settle ends the visits of people whose last event was an error. Others who
// are still under way stay so. Nobody may be walking any more.
func (t *tally) settle() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, v := range maps.Clone(t.visits) {
		if v.trouble != "" {
			t.end(v, outcome{kind: failed, code: v.trouble})
		}
	}
}

func (t *tally) snapshot() Counts {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.counts
}
