package client

import (
	"errors"
	"testing"
	"time"

	"sunbeon/controlplane/opsapi/stream"
	"sunbeon/controlplane/plan"
)

// A follower of a cluster that was made anew would otherwise wait for ever for
// its index to come.
func TestFollowerFindsForeignLog(t *testing.T) {
	c, err := New(Config{Addresses: []string{"http://127.0.0.1:1"}, Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(0, 0)
	behind := stream.Message{Kind: stream.Bookmark, Index: 3, LeaderAge: 10 * time.Millisecond}
	f := &follower{client: c, deliver: func(View) {}, view: View{Plan: plan.New(), Index: 900}}

	for range 5 { // a node that just started catches up within moments
		if err := f.take(behind, "", now); err != nil {
			t.Fatalf("after %v: %v", now, err)
		}
		now = now.Add(time.Second)
	}
	caughtUp := behind
	caughtUp.Index = 901
	if err := f.take(caughtUp, "", now); err != nil || f.view.Index != 901 {
		t.Fatalf("caught up: %v at %d", err, f.view.Index)
	}
	for range 6 {
		now = now.Add(time.Second)
		if err := f.take(behind, "", now); err != nil {
			t.Fatal(err)
		}
	}
	if err := f.take(behind, "", now.Add(time.Second)); !errors.Is(err, errForeign) {
		t.Fatalf("still behind after 6 s in touch with its leader: %v, want errForeign", err)
	}
	if f.view.Plan != nil {
		t.Error("the old cluster's plan is kept")
	}
}

func TestFollowerSettlesAmongCutOffNodes(t *testing.T) {
	c, err := New(Config{Addresses: []string{"http://127.0.0.1:1", "http://127.0.0.1:2", "http://127.0.0.1:3"}, Token: "t"})
	if err != nil {
		t.Fatal(err)
	}
	now := time.Unix(1000, 0)
	f := &follower{client: c, deliver: func(View) {}}
	cut := stream.Message{Kind: stream.Snapshot, Index: 3, LeaderAge: time.Minute}
	want := func(step string, leave bool) {
		t.Helper()
		if err := f.judge(cut, now); errors.Is(err, errCutOff) != leave {
			t.Errorf("%s: %v, want leave = %v", step, err, leave)
		}
	}
	want("first node", true)
	want("second node", true)
	want("third node, and all are cut off", false)
	now = now.Add(roam - time.Second)
	want("soon after", false)
	now = now.Add(2 * time.Second)
	want("time to look around", true)
}
