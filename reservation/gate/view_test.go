package gate

import (
	"testing"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/waitingroom"
)

func TestEligible(t *testing.T) {
	tens := plan.Cohort{BirthFrom: "1962-01-01", BirthTo: "1966-12-31"}
	nines := plan.Cohort{BirthFrom: "1972-01-01", BirthTo: "2003-12-31", LastDigits: []int{9}}
	f := func(c plan.Cohort, birth string, want bool) {
		t.Helper()
		if got := eligible(c, birth); got != want {
			t.Errorf("born %s: %v", birth, got)
		}
	}
	f(tens, "1961-12-31", false)
	f(tens, "1962-01-01", true)
	f(tens, "1964-02-29", true)
	f(tens, "1966-12-31", true)
	f(tens, "1967-01-01", false)
	f(nines, "1985-03-09", true)
	f(nines, "1985-03-19", true)
	f(nines, "1985-03-29", true)
	f(nines, "1985-03-10", false)
	f(nines, "1985-03-31", false)
	f(nines, "1985-02-30", false) // no such day
	f(nines, "19850309", false)
	f(nines, "", false)
}

func TestLineForTakesTheOneThatIsGoingOn(t *testing.T) {
	cohort := func(id string, phase plan.Phase, open int64) *line {
		return &line{cohort: plan.Cohort{ID: id, BirthFrom: "1900-01-01", BirthTo: "2020-01-01", Phase: phase, OpenMS: open}}
	}
	f := func(want string, lines ...*line) {
		t.Helper()
		got := ""
		if l := newView(nil, lines).lineFor("1985-03-09"); l != nil {
			got = l.cohort.ID
		}
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f("")
	f("open", cohort("past", plan.Closed, 1), cohort("open", plan.Open, 2), cohort("next", plan.Scheduled, 3))
	f("paused", cohort("paused", plan.Paused, 1), cohort("lobby", plan.Lobby, 2))
	f("soon", cohort("past", plan.Closed, 1), cohort("later", plan.Scheduled, 9), cohort("soon", plan.Scheduled, 3))
	f("latest", cohort("first", plan.Closed, 1), cohort("latest", plan.Closed, 2))
}

// TestMovesThroughMissedPhases tries every pair a gate can find between its
// record and the plan.
func TestMovesThroughMissedPhases(t *testing.T) {
	phases := []waitingroom.Phase{
		waitingroom.Scheduled, waitingroom.Lobby, waitingroom.Sealed, waitingroom.Open, waitingroom.Paused, waitingroom.Closed,
	}
	for _, from := range phases {
		for _, to := range phases {
			hall := waitingroom.NewHall()
			hall.Start(nowhere{})
			room, err := hall.Define(waitingroom.Cohort{ID: "a", Order: waitingroom.FirstCome, PassMS: 1}, 1)
			if err != nil {
				t.Fatal(err)
			}
			if err := movePhase(room, from, 1); err != nil {
				t.Fatalf("to %s: %v", from, err)
			}
			if err := movePhase(room, to, 1); err != nil || room.Phase() != to {
				t.Errorf("from %s to %s: at %s, %v", from, to, room.Phase(), err)
			}
		}
	}
}

type nowhere struct{}

func (nowhere) Append([]byte) uint64 { return 0 }
