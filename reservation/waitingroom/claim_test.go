package waitingroom_test

import (
	"errors"
	"sync"
	"testing"

	"sunbeon/reservation/waitingroom"
)

// called returns an open room of people in order of arrival, rate a second.
func called(t *testing.T, c waitingroom.Cohort, people int, rate int64) (*waitingroom.Room, *memory) {
	t.Helper()
	room, journal := openRoom(t, c)
	for p := 1; p <= people; p++ {
		join(t, room, uint64(p), 1)
	}
	move(t, room, waitingroom.Open, noon)
	if c.Supply > 0 {
		adopt(t, room, 1, 0, rate, noon) // the control plane knew of a larger supply
	} else {
		adoptFairly(t, room, 1, 0, rate, noon)
	}
	return room, journal
}

func claim(t *testing.T, room *waitingroom.Room, person uint64, id byte, nowMS int64) waitingroom.Pass {
	t.Helper()
	pass, err := room.Claim(tagOf(person), passID(id), nowMS)
	if err != nil {
		t.Fatalf("claim of person %d: %v", person, err)
	}
	return pass
}

func TestClaimWaitsForTheCall(t *testing.T) {
	room, journal := called(t, arrivalCohort, 20, 10)
	before := len(journal.records)
	_, err := room.Claim(tagOf(11), passID(1), noon+1000)
	var early *waitingroom.NotCalledError
	if !errors.As(err, &early) || early.Turn != 11 || early.Serving != 10 || early.RetryAfterMS != 101 {
		t.Fatalf("claim one turn too early: %v (%+v)", err, early)
	}
	if _, err := room.Claim(tagOf(99), passID(1), noon+1000); !errors.Is(err, waitingroom.ErrNoTicket) {
		t.Errorf("claim without a ticket: %v", err)
	}
	if len(journal.records) != before {
		t.Error("a refused claim was recorded")
	}
	if pass := claim(t, room, 11, 1, noon+1100); pass.Turn != 11 || pass.Segment != 1 || !pass.New {
		t.Errorf("pass %+v", pass)
	}
}

func TestFetchingAgainGivesTheSamePass(t *testing.T) {
	room, _ := called(t, arrivalCohort, 5, 10)
	first := claim(t, room, 1, 1, noon+500)
	var callers sync.WaitGroup
	for i := range 50 {
		callers.Go(func() {
			again, err := room.Claim(tagOf(1), passID(byte(i+2)), noon+600+int64(i))
			again.New = first.New
			if err != nil || again != first {
				t.Errorf("fetched %+v, %v; want %+v", again, err, first)
			}
		})
	}
	callers.Wait()
	if got := room.Counts(noon + 700); got.Claimed != 1 || got.Sessions != 1 {
		t.Errorf("counts %+v", got)
	}
}

func TestPassCitesTheSegmentThatCalledIt(t *testing.T) {
	room, _ := called(t, arrivalCohort, 200, 100)
	adopt(t, room, 2, 50, 10, noon+1000) // 100 were called by then
	if pass := claim(t, room, 90, 1, noon+1100); pass.Segment != 1 {
		t.Errorf("pass %+v, called by segment 1", pass)
	}
	if pass := claim(t, room, 101, 2, noon+6100); pass.Segment != 2 {
		t.Errorf("pass %+v, called by segment 2", pass)
	}
}

func TestPassClockStandsStillInPausesAndOutages(t *testing.T) {
	c := arrivalCohort
	c.PassMS = 60_000
	room, _ := called(t, c, 5, 10)
	pass := claim(t, room, 1, 1, noon+1000)
	if want := int64(noon + 61_000); pass.ExpiresMS != want {
		t.Fatalf("expires at %d, want %d", pass.ExpiresMS, want)
	}
	move(t, room, waitingroom.Paused, noon+11_000)
	if again := claim(t, room, 1, 2, noon+500_000); again.ID != pass.ID {
		t.Errorf("pass was lost in a pause: %+v", again)
	}
	if _, err := room.Claim(tagOf(2), passID(3), noon+500_000); !errors.Is(err, waitingroom.ErrPaused) {
		t.Errorf("new claim in a pause: %v", err)
	}
	move(t, room, waitingroom.Open, noon+1_011_000)
	if _, err := room.Outage(noon+1_012_000, noon+1_112_000); err != nil {
		t.Fatal(err)
	}
	again := claim(t, room, 1, 4, noon+1_112_000)
	if want := pass.ExpiresMS + 1_000_000 + 100_000; again.ExpiresMS != want || again.ID != pass.ID {
		t.Errorf("after pause and outage %+v, want expiry %d", again, want)
	}
	room.Hold("loudspeaker", noon+1_113_000)
	if !room.Held() {
		t.Error("not held")
	}
	room.Release("over", noon+1_213_000)
	if _, live := room.Ticket(tagOf(1), noon+1_213_000); !live {
		t.Error("place lost")
	}
	if got := claim(t, room, 1, 5, noon+1_213_000).ExpiresMS; got != again.ExpiresMS+100_000 {
		t.Errorf("after a hold expiry %d, want %d", got, again.ExpiresMS+100_000)
	}
}

func TestExpiredPlaceIsClaimedAgain(t *testing.T) {
	c := arrivalCohort
	c.PassMS = 10_000
	room, journal := called(t, c, 5, 10)
	first := claim(t, room, 1, 1, noon+1000)
	later := first.ExpiresMS
	if ticket, _ := room.Ticket(tagOf(1), later); ticket.State != waitingroom.Expired {
		t.Errorf("state %q at the pass's end", ticket.State)
	}
	if got := room.Counts(later).Sessions; got != 0 {
		t.Errorf("%d sessions after the pass's end", got)
	}
	second := claim(t, room, 1, 2, later)
	if second.ID == first.ID || !second.New {
		t.Errorf("second pass %+v", second)
	}
	// The booking made with the first pass is told late, through the outbox.
	if _, err := room.Booked(1, first.ID, later); err != nil {
		t.Errorf("booking with the earlier pass: %v", err)
	}
	if _, err := room.Booked(2, first.ID, later); !errors.Is(err, waitingroom.ErrUnknownPass) {
		t.Errorf("booking with another person's pass: %v", err)
	}
	if got := room.Counts(later); got.Claimed != 1 || got.Booked != 1 || got.Sessions != 1 {
		t.Errorf("counts %+v", got)
	}
	journal.replay(t)
}

func TestBookedPlaceIsNotClaimedAgain(t *testing.T) {
	room, journal := called(t, arrivalCohort, 5, 10)
	pass := claim(t, room, 1, 1, noon+1000)
	if _, err := room.Booked(1, pass.ID, noon+2000); err != nil {
		t.Fatal(err)
	}
	before := len(journal.records)
	if _, err := room.Booked(1, pass.ID, noon+3000); err != nil || len(journal.records) != before {
		t.Errorf("booked twice: %v, %d records more", err, len(journal.records)-before)
	}
	if again := claim(t, room, 1, 2, noon+4000); again.ID != pass.ID {
		t.Errorf("pass %+v while it lives", again)
	}
	if _, err := room.Claim(tagOf(1), passID(3), pass.ExpiresMS); !errors.Is(err, waitingroom.ErrBooked) {
		t.Errorf("claim after booking: %v", err)
	}
}

func TestVoidEndsUnusedPasses(t *testing.T) {
	room, journal := called(t, arrivalCohort, 5, 10)
	used, unused := claim(t, room, 1, 1, noon+1000), claim(t, room, 2, 2, noon+1000)
	if _, err := room.Booked(1, used.ID, noon+1500); err != nil {
		t.Fatal(err)
	}
	room.Void(noon + 2000)
	if got := room.Counts(noon + 2000).Sessions; got != 0 {
		t.Errorf("%d sessions after voiding", got)
	}
	if again := claim(t, room, 2, 3, noon+2000); again.ID == unused.ID {
		t.Error("a voided pass was given out again")
	}
	if _, err := room.Claim(tagOf(1), passID(4), noon+2000); !errors.Is(err, waitingroom.ErrBooked) {
		t.Errorf("claim after booking: %v", err)
	}
	journal.replay(t)
}

func TestSupplyBoundsThePasses(t *testing.T) {
	c := arrivalCohort
	c.Supply, c.PassMS = 2, 10_000
	room, _ := called(t, c, 5, 10)
	first := claim(t, room, 1, 1, noon+1000)
	second := claim(t, room, 2, 2, noon+1000)
	if _, err := room.Claim(tagOf(3), passID(3), noon+1000); !errors.Is(err, waitingroom.ErrSupply) {
		t.Errorf("third claim for two doses: %v", err)
	}
	if _, err := room.Booked(1, first.ID, noon+2000); err != nil {
		t.Fatal(err)
	}
	// The second person left; their dose serves the third.
	if pass := claim(t, room, 3, 3, second.ExpiresMS); pass.Turn != 3 {
		t.Errorf("pass %+v", pass)
	}
}
