package waitingroom_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/waitingroom"
)

// An evening of random steps, replayed from its records, gives the same rooms
// and passes the audit; and at no time was a pass issued to a turn that had not been called.
func TestReplayGivesTheSameRoom(t *testing.T) {
	for seed := range uint64(30) {
		random := rand.New(rand.NewPCG(seed, 1))
		c := drawCohort
		c.PassMS, c.Supply = 5_000, int64(random.IntN(3)*20)
		room, journal := openRoom(t, c)
		e := evening{t: t, room: room, random: random, now: noon}
		for range 60 {
			e.join()
		}
		move(t, room, waitingroom.Sealed, e.now)
		if _, err := room.Seal(e.now); err != nil {
			t.Fatal(err)
		}
		if _, err := room.Draw(secret, e.now); err != nil {
			t.Fatal(err)
		}
		move(t, room, waitingroom.Open, e.now)
		for range 600 {
			e.step()
		}
		if e.passes == 0 {
			t.Fatalf("seed %d: an evening without a pass proves nothing", seed)
		}
		if err := audit(t, journal.records); err != nil {
			t.Fatalf("seed %d: an honest evening: %v", seed, err)
		}
		again, _ := journal.replay(t).Room(c.ID)
		if diff := cmp.Diff(e.view(room), e.view(again)); diff != "" {
			t.Fatalf("seed %d: (-lived +replayed):\n%s", seed, diff)
		}
	}
}

type evening struct {
	t       *testing.T
	room    *waitingroom.Room
	random  *rand.Rand
	now     int64
	people  uint64
	segment int64
	passes  int
	held    []waitingroom.Pass
}

func (e *evening) join() {
	e.people++
	join(e.t, e.room, e.people, e.now)
}

func (e *evening) step() {
	e.now += e.random.Int64N(300)
	switch e.random.IntN(12) {
	case 0:
		e.join()
	case 1:
		e.segment++
		adoptFairly(e.t, e.room, e.segment, e.room.Serving(e.now), e.random.Int64N(5), e.now)
	case 2:
		_, _ = e.room.MovePhase([]waitingroom.Phase{waitingroom.Paused, waitingroom.Open}[e.random.IntN(2)], e.now)
	case 3:
		if e.random.IntN(2) == 0 {
			e.room.Hold("test", e.now)
		} else {
			e.room.Release("test", e.now)
		}
	case 4:
		if len(e.held) > 0 {
			p := e.held[e.random.IntN(len(e.held))]
			if _, err := e.room.Booked(p.Turn, p.ID, e.now); err != nil {
				e.t.Fatal(err)
			}
		}
	case 5:
		if e.random.IntN(20) == 0 {
			e.room.Void(e.now)
		}
	default:
		e.claim()
	}
}

func (e *evening) claim() {
	person := 1 + e.random.Uint64N(e.people)
	id := waitingroom.PassID{byte(e.passes), byte(e.passes >> 8), 1}
	pass, err := e.room.Claim(tagOf(person), id, e.now)
	if err != nil || !pass.New {
		return
	}
	e.passes++
	e.held = append(e.held, pass)
	if shown := e.room.Serving(e.now); pass.Turn > shown {
		e.t.Fatalf("pass for turn %d while serving %d", pass.Turn, shown)
	}
}

// view is everything of a room that can be seen from outside.
type view struct {
	Cohort  waitingroom.Cohort
	Phase   waitingroom.Phase
	Held    bool
	Counts  waitingroom.Counts
	Tickets []waitingroom.Ticket
	Passes  []waitingroom.Pass
	Wait    waitingroom.Wait
}

func (e *evening) view(room *waitingroom.Room) view {
	v := view{
		Cohort: room.Cohort(), Phase: room.Phase(), Held: room.Held(),
		Counts: room.Counts(e.now), Wait: room.Estimate(int64(e.people), e.now),
	}
	v.Counts.Asking = 0 // the meter starts anew
	for p := uint64(1); p <= e.people; p++ {
		ticket, _ := room.Ticket(tagOf(p), e.now)
		v.Tickets = append(v.Tickets, ticket)
		if ticket.State == waitingroom.Claimed {
			pass, err := room.Claim(tagOf(p), waitingroom.PassID{}, e.now)
			if err != nil {
				e.t.Fatal(err)
			}
			v.Passes = append(v.Passes, pass)
		}
	}
	return v
}
