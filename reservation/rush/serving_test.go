package rush

import (
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"sunbeon/reservation/waitingroom"
)

func TestNextLookFollowsTheAdvice(t *testing.T) {
	const opens = 1_000_000
	doc := document{Serving: 100, OpenMS: opens, Poll: []waitingroom.PollStep{
		{Ahead: 50, EveryMS: 1000, JitterMS: 500}, {Ahead: 500, EveryMS: 5000, JitterMS: 2500}, {Ahead: -1, EveryMS: 60_000, JitterMS: 30_000},
	}}
	f := func(what string, turn, nowMS int64, random float64, want time.Duration) {
		t.Helper()
		if got := doc.nextLook(turn, nowMS, random); got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	f("next in line", 101, opens, 0, time.Second)
	f("at the edge of a row", 150, opens, 0, time.Second)
	f("beyond it, jittered", 151, opens, 0.5, 6250*time.Millisecond)
	f("far away", 10_000, opens, 0, time.Minute)
	f("called already", 3, opens, 0, time.Second)
	f("turn not known", 0, opens, 0, time.Minute)
	f("shortly before the opening", 0, opens-4000, 0, 4*time.Second)
	f("shortly before the opening, spread", 0, opens-4000, 0.5, 19*time.Second)
	f("long before the opening", 0, opens-3_600_000, 0, time.Minute)
	doc.Poll = nil
	f("no advice", 7, opens, 0, defaultPoll)
}

func TestTurnIsComputedFromPublicValues(t *testing.T) {
	seed := [32]byte{1, 2, 3}
	f := func(draw string, seq, want int64) {
		t.Helper()
		var doc document
		if err := json.Unmarshal([]byte(`{"draw":`+draw+`}`), &doc); err != nil {
			t.Fatal(err)
		}
		if got := doc.turn(seq); got != want {
			t.Errorf("draw %s, seq %d: turn %d, want %d", draw, seq, got, want)
		}
	}
	drawn := `{"count":40,"root":"00","seed":"` + hex.EncodeToString(seed[:]) + `"}`
	f("null", 3, 0)
	f(`{"count":40,"root":"00"}`, 3, 0)
	f(drawn, 3, waitingroom.Turn(seed, 40, 3))
	f(drawn, 41, 41)
}
