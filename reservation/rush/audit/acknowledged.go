package audit

import (
	"sunbeon/reservation/rush/journal"
)

// acknowledged is what the journal says people were told.
type acknowledged struct {
	seqs   map[string]int64 // by person
	people map[int64]string // by arrival number
	turns  map[string]int64 // by person
	passes map[string]holder
	// bookings are by number. A cancellation that was asked for may have taken
	// effect; one that was confirmed must have.
	bookings   map[string]journal.Entry
	cancelling map[string]bool
	cancelled  map[string]bool
}

type holder struct {
	person string
	turn   int64
}

// readJournals collects what the journals tell of a cohort. Answers that
// contradict each other are added to the findings.
func readJournals(paths []string, cohort string, f *Findings) (*acknowledged, error) {
	a := &acknowledged{
		seqs: map[string]int64{}, people: map[int64]string{}, turns: map[string]int64{},
		passes:   map[string]holder{},
		bookings: map[string]journal.Entry{}, cancelling: map[string]bool{}, cancelled: map[string]bool{},
	}
	for _, path := range paths {
		for e, err := range journal.Read(path) {
			if err != nil {
				return nil, err
			}
			if e.Cohort == cohort {
				a.add(e, f)
			}
		}
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
			f.add(&f.Duplicates, "person %s was told turn %d and later turn %d", e.Person, first, *e.Turn)
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
			f.add(&f.Duplicates, "persons %s and %s were given the same pass", first.person, e.Person)
		}
		a.passes[e.PassID] = h
	case journal.Booked:
		if first, ok := a.bookings[e.Number]; ok && first.Person != e.Person {
			f.add(&f.Duplicates, "booking %s was acknowledged to persons %s and %s", e.Number, first.Person, e.Person)
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
		f.add(&f.Duplicates, "person %s was given place %d and later place %d", e.Person, first, seq)
		return
	}
	if other, ok := a.people[seq]; ok && other != e.Person {
		f.add(&f.Duplicates, "place %d was given to persons %s and %s", seq, other, e.Person)
		return
	}
	a.seqs[e.Person], a.people[seq] = seq, e.Person
}
