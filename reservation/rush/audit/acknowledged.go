package audit

import (
	"sunbeon/reservation/rush/journal"
)

// acknowledged is what the journal says people were told.
type acknowledged struct {
	seqs   map[int]int64 // by person
	people map[int64]int // by arrival number
	turns  map[int]int64 // by person
	passes map[string]holder
	// bookings are by number. A cancellation that was asked for may have taken
	// effect; one that was confirmed must have.
	bookings   map[string]journal.Entry
	cancelling map[string]bool
	cancelled  map[string]bool
}

type holder struct {
	person int
	turn   int64
}

// readJournal collects a journal. Answers that contradict each other are added
// to the findings.
func readJournal(path string, f *Findings) (*acknowledged, error) {
	a := &acknowledged{
		seqs: map[int]int64{}, people: map[int64]int{}, turns: map[int]int64{},
		passes:   map[string]holder{},
		bookings: map[string]journal.Entry{}, cancelling: map[string]bool{}, cancelled: map[string]bool{},
	}
	for e, err := range journal.Read(path) {
		if err != nil {
			return nil, err
		}
		a.add(e, f)
	}
	f.Acknowledged = len(a.bookings)
	return a, nil
}

func (a *acknowledged) add(e journal.Entry, f *Findings) {
	if e.Seq != nil {
		a.place(e, f)
	}
	if e.Turn != nil {
		if first, ok := a.turns[e.Person]; ok && first != *e.Turn {
			f.add(&f.Duplicates, "person %d was told turn %d and later turn %d", e.Person, first, *e.Turn)
		} else {
			a.turns[e.Person] = *e.Turn
		}
	}
	switch e.Event {
	case journal.Pass:
		h := holder{person: e.Person}
		if e.Turn != nil {
			h.turn = *e.Turn
		}
		if first, ok := a.passes[e.PassID]; ok && first.person != e.Person {
			f.add(&f.Duplicates, "persons %d and %d were given the same pass", first.person, e.Person)
		}
		a.passes[e.PassID] = h
	case journal.Booked:
		if first, ok := a.bookings[e.Number]; ok && first.Person != e.Person {
			f.add(&f.Duplicates, "booking %s was acknowledged to persons %d and %d", e.Number, first.Person, e.Person)
		}
		a.bookings[e.Number] = e
	case journal.Cancelling:
		a.cancelling[e.Number] = true
	case journal.Cancelled:
		a.cancelled[e.Number] = true
	}
}

func (a *acknowledged) place(e journal.Entry, f *Findings) {
	seq := *e.Seq
	if first, ok := a.seqs[e.Person]; ok && first != seq {
		f.add(&f.Duplicates, "person %d was given place %d and later place %d", e.Person, first, seq)
		return
	}
	if other, ok := a.people[seq]; ok && other != e.Person {
		f.add(&f.Duplicates, "place %d was given to persons %d and %d", seq, other, e.Person)
		return
	}
	a.seqs[e.Person], a.people[seq] = seq, e.Person
}
