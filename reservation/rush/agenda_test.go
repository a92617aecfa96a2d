package rush

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Whatever is running, what is due begins at its time.
func TestAgendaNeverQueues(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a agenda
		base := time.Now()
		var late atomic.Int64
		for i := range 1000 {
			due := base.Add(time.Duration(i) * time.Millisecond)
			a.at(due, func() {
				if !time.Now().Equal(due) {
					late.Add(1)
				}
				time.Sleep(time.Minute)
			})
		}
		time.Sleep(2 * time.Second)
		a.close(time.Hour, func() { t.Error("hurried people who were done in time") })
		if late.Load() > 0 {
			t.Errorf("%d of 1000 began late", late.Load())
		}
	})
}

func TestAgendaClosesInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var a agenda
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		began := time.Now()
		a.at(began, func() { <-ctx.Done() })
		a.at(began.Add(time.Minute), func() { t.Error("began after the close") })
		time.Sleep(time.Second)
		a.close(3*time.Second, cancel)
		if took := time.Since(began); took != 4*time.Second {
			t.Errorf("close took until %s, want the grace and no more", took)
		}
		time.Sleep(2 * time.Minute)
	})
}

func TestArrivalsFollowTheTimetable(t *testing.T) {
	plan := Config{People: 10_000, Seed: 3, Arrivals: Arrivals{Lobby: 0.5, Spike: 0.3, Tail: 0.2, SpikeMean: time.Second, TailLength: 20 * time.Second}}
	f := func(lobby, open time.Duration, wantBefore, wantSoon int) {
		t.Helper()
		before, soon := 0, 0
		list := plan.schedule(lobby, open)
		for i, a := range list {
			if i > 0 && a.after < list[i-1].after {
				t.Fatal("not in order")
			}
			switch {
			case a.after < max(open, 0):
				before++
			case a.after < max(open, 0)+3*time.Second:
				soon++
			}
			if a.after < 0 || a.after < lobby {
				t.Fatalf("arrival %s, lobby %s", a.after, lobby)
			}
		}
		if d := before - wantBefore; d < -200 || d > 200 {
			t.Errorf("%d came before the opening, want about %d", before, wantBefore)
		}
		if d := soon - wantSoon; d < -200 || d > 200 {
			t.Errorf("%d came within three seconds of it, want about %d", soon, wantSoon)
		}
	}
	// 95 % of the spike and 15 % of the tail come within three seconds.
	f(0, 10*time.Second, 5000, 3150)
	f(-time.Minute, 10*time.Second, 5000, 3150)
	f(4*time.Second, 10*time.Second, 5000, 3150)
	// A lobby that is over joins the spike.
	f(-time.Minute, -time.Second, 0, 7900)
}
