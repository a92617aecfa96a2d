package ledgertest

import (
	"testing"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// followers checks that one process at a time follows the outbox, and that
// another takes over where it stopped.
func followers(t *testing.T, h Harness) {
	open := start(t, h, 2)
	follow := func(l ledgerAt, holder string, now int64) (int64, bool) {
		t.Helper()
		after, mine, err := l.Follow(t.Context(), "messages", holder, now, now+100)
		if err != nil {
			t.Fatal(err)
		}
		return after, mine
	}
	if after, mine := follow(open[0], "a", 1000); !mine || after != 0 {
		t.Fatalf("the first follower got %d, %v", after, mine)
	}
	if _, mine := follow(open[1], "b", 1050); mine {
		t.Error("two follow at once")
	}
	if err := open[0].Followed(t.Context(), "messages", "a", 7); err != nil {
		t.Fatal(err)
	}
	if after, mine := follow(open[1], "b", 1101); !mine || after != 7 {
		t.Errorf("the successor got %d, %v, want 7", after, mine)
	}
	if err := open[0].Followed(t.Context(), "messages", "a", 9); err != nil {
		t.Fatal(err)
	}
	if after, _ := follow(open[1], "b", 1102); after != 7 {
		t.Errorf("one who was replaced moved the successor to %d", after)
	}
}

// restored checks that a restore never gives a number to a second person.
func restored(t *testing.T, h Harness) {
	l := start(t, h, 1)[0]
	before := l.do(t, book(person(1), "k"))
	if err := l.Restored(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	after := l.do(t, book(person(2), "k"))
	want(t, "booking after the restore", after, booking.Done)
	if after.Serial <= before.Serial+ledger.RestoreGap {
		t.Errorf("serial %d after %d may be somebody's whose booking was lost", after.Serial, before.Serial)
	}
	events, err := l.Events(t.Context(), before.Serial, 10)
	if err != nil {
		t.Fatal(err)
	}
	if len(events) != 1 || events[0].ID <= ledger.RestoreGap {
		t.Errorf("events after the restore: %+v", events)
	}
	sound(t, l, 2)
}
