package waitingroom_test

import (
	"errors"
	"sync"
	"testing"

	"sunbeon/reservation/waitingroom"
)

func TestOnePersonOnePlace(t *testing.T) {
	room, journal := openRoom(t, arrivalCohort)
	const people, devices = 500, 16
	seqs := make([][devices]int64, people)
	var callers sync.WaitGroup
	for d := range devices {
		callers.Go(func() {
			for i := range people {
				p := (i*7 + d*31) % people
				ticket, err := room.Join(tagOf(uint64(p)), 1)
				if err != nil {
					t.Error(err)
					return
				}
				seqs[p][d] = ticket.Seq
			}
		})
	}
	callers.Wait()
	owner := map[int64]int{}
	for p, of := range seqs {
		for _, seq := range of {
			if seq != of[0] {
				t.Fatalf("person %d has the places %v", p, of)
			}
		}
		if other, twice := owner[of[0]]; twice {
			t.Fatalf("place %d belongs to %d and %d", of[0], other, p)
		}
		owner[of[0]] = p
	}
	if got := room.Counts(1).Tickets; got != people {
		t.Errorf("%d tickets for %d people", got, people)
	}
	if got := len(journal.records); got != people+2 {
		t.Errorf("%d records, want one a person beside cohort and phase", got)
	}
}

func TestRefusedRequestsBurnNoNumber(t *testing.T) {
	hall, journal := waitingroom.NewHall(), new(memory)
	hall.Start(journal)
	room, err := hall.Define(arrivalCohort, 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := room.Join(tagOf(1), 1); !errors.Is(err, waitingroom.ErrNotOpen) {
		t.Errorf("ticket before the lobby: %v", err)
	}
	move(t, room, waitingroom.Lobby, 1)
	if got := join(t, room, 2, 1).Seq; got != 1 {
		t.Errorf("first place is %d", got)
	}
	move(t, room, waitingroom.Closed, 1)
	if _, err := room.Join(tagOf(3), 1); !errors.Is(err, waitingroom.ErrClosed) {
		t.Errorf("ticket after closing: %v", err)
	}
	if got := join(t, room, 2, 1); got.Seq != 1 || got.New {
		t.Errorf("own place after closing: %+v", got)
	}
	move(t, room, waitingroom.Lobby, 1)
	if got := join(t, room, 3, 1).Seq; got != 2 {
		t.Errorf("next place is %d, want 2", got)
	}
}

func TestPositionCoversTheTicket(t *testing.T) {
	room, journal := openRoom(t, arrivalCohort)
	const people = 200
	for p := range uint64(people) {
		if fresh := join(t, room, p, 1); !room.IsTicket(fresh.Seq)(journal.records[fresh.Position]) {
			t.Fatalf("position %d of a new ticket %d is another record", fresh.Position, fresh.Seq)
		}
	}
	for p := range uint64(people) {
		ticket, _ := room.Ticket(tagOf(p), 1)
		is, found := room.IsTicket(ticket.Seq), -1
		for i, r := range journal.records {
			if is(r) {
				found = i
			}
		}
		anchor := int(room.Anchor(ticket.Seq))
		if found < anchor || found > anchor+64 {
			t.Errorf("ticket %d stands at %d, anchor %d", ticket.Seq, found, anchor)
		}
		if int(ticket.Position) < found {
			t.Errorf("ticket %d stands at %d, acknowledged at %d", ticket.Seq, found, ticket.Position)
		}
	}
}

// Late in the evening few tickets lie among many other records, and a receipt
// must be found without reading thousands of groups.
func TestAnchorsAreCloseWhereTicketsAreRare(t *testing.T) {
	room, journal := openRoom(t, arrivalCohort)
	for p := range uint64(300) {
		fresh := join(t, room, p, 1)
		for range p { // more and more
			room.Hold("", 1)
			room.Release("", 1)
		}
		if anchor := room.Anchor(fresh.Seq); fresh.Position-anchor >= 512 {
			t.Fatalf("ticket %d at position %d has its anchor at %d", fresh.Seq, fresh.Position, anchor)
		}
	}
	if len(journal.records) < 80_000 {
		t.Fatalf("only %d records", len(journal.records))
	}
}

func TestSupplyIsToldWithTheTicket(t *testing.T) {
	c := arrivalCohort
	c.Supply = 2
	room, _ := openRoom(t, c)
	for p, want := range []bool{false, false, true} {
		if got := join(t, room, uint64(p), 1).BeyondSupply; got != want {
			t.Errorf("person %d beyond supply: %v", p, got)
		}
	}
}
