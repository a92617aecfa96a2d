package booking

import (
	"cmp"
	"maps"
	"slices"
)

// State is everything the ledger knows about the slots, persons and keys a
// batch mentions. Decide works on it in place.
type State struct {
	Places   map[SlotID]Places    // slots the batch names; a missing one does not exist
	Latest   map[string]Booking   // by person: the live booking, or else the last cancelled one
	Answered map[Attempt]Recorded // answers given before to the batch's keys
	Last     int64                // highest number given out, to a booking or an event
}

// NewState is what an empty ledger knows, with room for so many requests.
func NewState(requests int) State {
	return State{
		Places: map[SlotID]Places{}, Latest: make(map[string]Booking, requests), Answered: make(map[Attempt]Recorded, requests),
	}
}

// Know enters a row of the ledger.
func (s State) Know(m Made) {
	if !m.Replaced {
		s.Latest[m.Person] = m.Booking
	}
	answer := m.Answer()
	s.Answered[answer.Attempt] = answer
}

// Places counts one slot.
type Places struct{ Capacity, Taken int }

// Attempt names a request for ever: the person and their key.
type Attempt struct{ Person, Key string }

// Recorded is the answer kept for an attempt.
type Recorded struct {
	Attempt
	Digest  uint64
	Outcome Outcome
	TimeMS  int64
}

// Decide says what becomes of each request, in their order: an earlier request
// of the batch is history to a later one. Outcomes correspond to batch. Freed
// names the stock reservation nobody needs any more: the request's own if it was
// rejected, the booking's old one if it was changed or cancelled.
func Decide(state State, batch []Request) ([]Outcome, Changes) {
	d := decision{
		State: state, moves: make(Moves, 2*len(batch)),
		before: make(map[string]int64, len(batch)), made: make(map[int64]*Made, len(batch)),
		touched: make([]string, 0, len(batch)),
		changes: Changes{New: make([]Made, 0, len(batch)), Events: make([]Event, 0, len(batch))},
	}
	outcomes := make([]Outcome, len(batch))
	for i, r := range batch {
		outcomes[i] = d.answer(r)
	}
	for _, person := range d.touched {
		d.row(d.Latest[person])
	}
	slices.SortFunc(d.changes.New, func(a, b Made) int { return cmp.Compare(a.Serial, b.Serial) })
	maps.DeleteFunc(d.moves, func(_ SlotID, n int) bool { return n == 0 })
	d.changes.Moves, d.changes.Last = d.moves, d.Last
	return outcomes, d.changes
}

type decision struct {
	State
	changes Changes
	moves   Moves
	touched []string         // persons whose booking changed, in order
	before  map[string]int64 // by touched person: the serial that was their latest before the batch
	made    map[int64]*Made  // by serial: those of this batch
}

// answer returns the recorded answer, or decides and records one.
func (d *decision) answer(r Request) Outcome {
	attempt := Attempt{r.Person, r.Key}
	if known, ok := d.Answered[attempt]; ok {
		if known.Digest != r.Digest() {
			return d.keep(r.Person, Outcome{Code: KeyReused, Freed: r.Hold})
		}
		again := known.Outcome
		again.Replay = true
		return again
	}
	out := d.keep(r.Person, d.apply(r))
	record := Recorded{Attempt: attempt, Digest: r.Digest(), Outcome: out, TimeMS: r.TimeMS}
	d.Answered[attempt] = record
	if r.Kind != Book || out.Code != Done { // the row of a new booking is its own record
		d.changes.Answers = append(d.changes.Answers, record)
	}
	return out
}

// keep leaves the stock reservation alone that a person's live booking stands on.
func (d *decision) keep(person string, out Outcome) Outcome {
	if out.Freed != "" && out.Freed == d.Latest[person].Hold {
		out.Freed = ""
	}
	return out
}

func (d *decision) apply(r Request) Outcome {
	switch r.Kind {
	case Book:
		return d.book(r)
	case Change:
		return d.change(r)
	default:
		return d.cancel(r)
	}
}

func (d *decision) book(r Request) Outcome {
	last, known := d.Latest[r.Person]
	if known && last.Live {
		return Outcome{Code: AlreadyBooked, Serial: last.Serial, Slots: last.Slots, Freed: r.Hold}
	}
	slots, code := d.choose(r)
	if code != Done {
		return Outcome{Code: code, Freed: r.Hold}
	}
	if known {
		d.replace(last)
	}
	b := Booking{
		Serial: d.number(), Person: r.Person, Cohort: r.Cohort, Pass: r.Pass, Hold: r.Hold, Sealed: r.Sealed,
		Live: true, Slots: slots, MadeMS: r.TimeMS, SinceMS: r.TimeMS,
	}
	// The log cites a pass once, however often its holder cancels and books.
	made := &Made{Key: r.Key, Digest: r.Digest(), Chosen: slots, Cites: !known || last.Pass != r.Pass}
	d.made[b.Serial] = made
	d.take(slots, 1)
	e := Event{ID: b.Serial, Kind: Booked, TimeMS: r.TimeMS}
	if made.Cites {
		e.Pass = r.Pass
	}
	d.store(b, e)
	return Outcome{Code: Done, Serial: b.Serial, Slots: slots}
}

func (d *decision) change(r Request) Outcome {
	b, ok := d.Latest[r.Person]
	switch {
	case !ok || b.Serial != r.Serial:
		return Outcome{Code: NoBooking, Freed: r.Hold}
	case !b.Live:
		return Outcome{Code: Cancelled, Serial: b.Serial, Freed: r.Hold}
	}
	// The person's own places count as free while choosing: moving the first
	// dose must not fail because the second one sits in its own way.
	d.take(b.Slots, -1)
	slots, code := d.choose(r)
	if code != Done {
		d.take(b.Slots, 1)
		return Outcome{Code: code, Serial: b.Serial, Freed: r.Hold}
	}
	d.take(slots, 1)
	old, former := b.Hold, b.Slots
	b.Slots, b.Hold, b.SinceMS = slots, r.Hold, r.TimeMS
	d.store(b, Event{ID: d.number(), Kind: Changed, Left: former, Freed: left(old, b.Hold), TimeMS: r.TimeMS})
	return Outcome{Code: Done, Serial: b.Serial, Slots: slots, Freed: old}
}

func (d *decision) cancel(r Request) Outcome {
	b, ok := d.Latest[r.Person]
	if !ok || b.Serial != r.Serial {
		return Outcome{Code: NoBooking}
	}
	if !b.Live { // cancelled is what was asked for
		return Outcome{Code: Done, Serial: b.Serial}
	}
	d.take(b.Slots, -1)
	old := b.Hold
	b.Live, b.Hold, b.SinceMS = false, "", r.TimeMS
	d.store(b, Event{ID: d.number(), Kind: Undone, Left: b.Slots, Freed: old, TimeMS: r.TimeMS})
	return Outcome{Code: Done, Serial: b.Serial, Freed: old}
}

// choose finds a free slot for each dose.
func (d *decision) choose(r Request) ([]SlotID, Code) {
	first, ok := d.Places[r.First]
	if !ok {
		return nil, NoSlot
	}
	if first.Taken >= first.Capacity {
		return nil, SlotTaken
	}
	if len(r.Second) == 0 {
		return []SlotID{r.First}, Done
	}
	i := slices.IndexFunc(r.Second, func(id SlotID) bool {
		p, ok := d.Places[id]
		return ok && id != r.First && p.Taken < p.Capacity
	})
	if i < 0 {
		return nil, SlotTaken
	}
	return []SlotID{r.First, r.Second[i]}, Done
}

func (d *decision) take(slots []SlotID, n int) {
	for _, id := range slots {
		p := d.Places[id]
		p.Taken += n
		d.Places[id] = p
		d.moves[id] += n
	}
}

// number gives the next one out.
func (d *decision) number() int64 {
	d.Last++
	return d.Last
}

// store keeps the booking as it is now and the event that tells of it.
func (d *decision) store(b Booking, e Event) {
	if _, touched := d.before[b.Person]; !touched {
		d.before[b.Person] = d.Latest[b.Person].Serial
		d.touched = append(d.touched, b.Person)
	}
	d.Latest[b.Person] = b
	e.Serial, e.Cohort, e.Slots = b.Serial, b.Cohort, b.Slots
	d.changes.Events = append(d.changes.Events, e)
}

// left is the old stock reservation unless the booking kept it.
func left(old, now string) string {
	if old == now {
		return ""
	}
	return old
}

// replace puts a cancelled booking behind the person's next.
func (d *decision) replace(last Booking) {
	if made, ok := d.made[last.Serial]; ok {
		made.Replaced = true
	} else {
		d.changes.Replaced = append(d.changes.Replaced, last.Serial)
	}
	if _, touched := d.before[last.Person]; touched {
		d.row(last) // it changed within this batch, and the new one takes its place in Latest
	}
}

// row files the booking as it is now.
func (d *decision) row(b Booking) {
	if made, ok := d.made[b.Serial]; ok {
		made.Booking = b
		d.changes.New = append(d.changes.New, *made)
	} else {
		d.changes.Updated = append(d.changes.Updated, b)
	}
}
