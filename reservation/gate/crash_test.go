package gate_test

import (
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/gate"
)

// TestACrashLosesNothingAcknowledged takes images of the data directory while
// people join, as a crash would leave them, and starts a gate on each.
func TestACrashLosesNothingAcknowledged(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	const devices = 16
	var people []*person
	for i := range devices * 40 {
		people = append(people, w.citizen(fmt.Sprint("person ", i)))
	}
	var mu sync.Mutex
	acknowledged := map[int]ticket{} // by person
	var joining sync.WaitGroup
	for d := range devices {
		joining.Go(func() {
			for i := d; i < len(people); i += devices {
				var got ticket
				if status, body := people[i].post("/v1/ticket", nil, &got); status != http.StatusCreated {
					t.Errorf("join: %d %s", status, body)
					return
				}
				mu.Lock()
				acknowledged[i] = got
				mu.Unlock()
			}
		})
	}
	type image struct {
		dir     string
		tickets map[int]ticket
	}
	var images []image
	for n := range 4 {
		time.Sleep(15 * time.Millisecond)
		mu.Lock()
		known := maps.Clone(acknowledged)
		mu.Unlock()
		dir := filepath.Join(w.dir, fmt.Sprint("image-", n))
		if err := os.CopyFS(dir, os.DirFS(w.config.Data)); err != nil {
			t.Fatal(err)
		}
		images = append(images, image{dir, known})
	}
	joining.Wait()
	seqs := map[int64]bool{}
	for _, got := range acknowledged {
		seqs[got.Seq] = true
	}
	if len(seqs) != len(people) {
		t.Errorf("%d numbers for %d people", len(seqs), len(people))
	}
	for n, image := range images {
		w.stop()
		w.config.Data = image.dir
		w.start()
		for i, before := range image.tickets {
			if after := people[i].join(); after.Seq != before.Seq || after.Ticket != before.Ticket {
				t.Errorf("image %d of %d tickets: person %d had number %d, has %d", n, len(image.tickets), i, before.Seq, after.Seq)
			}
		}
	}
	if len(images[len(images)-1].tickets) == 0 {
		t.Error("nobody had joined before the crash: the test shows nothing")
	}
}

func TestAnOutageStopsThePassClock(t *testing.T) {
	var ahead atomic.Int64 // of the gate's clock, in nanoseconds
	w := newWorld(t, func(c *gate.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	w.define("a")
	p := w.citizen("one")
	p.join()
	w.move("a", plan.Open)
	w.call("a", 50)
	before := p.enter()
	w.restart()
	if after := p.enter(); after != before {
		t.Errorf("starting again at once changed the pass: %+v, %+v", before, after)
	}
	w.stop()
	ahead.Store(int64(10 * time.Minute))
	w.start()
	after := p.enter()
	grown := time.Duration(after.ExpiresMS-before.ExpiresMS) * time.Millisecond
	if after.ID != before.ID || grown < 10*time.Minute || grown > 10*time.Minute+5*time.Second {
		t.Errorf("down for ten minutes, the pass grew by %v: %+v, %+v", grown, before, after)
	}
}

// The machine's clock is set an hour ahead in mid-evening, and nobody renews
// the segment: nobody may be called by that, and no pass may end.
func TestAClockSetAheadCallsNobody(t *testing.T) {
	var ahead atomic.Int64
	w := newWorld(t, func(c *gate.Config) {
		c.Now = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	})
	w.define("a")
	people := make([]*person, 40)
	for i := range people {
		people[i] = w.citizen(fmt.Sprint(i))
		people[i].join()
	}
	w.move("a", plan.Open)
	w.call("a", 2) // and a floor of one a second: an hour would call everybody
	before := people[0].enter()
	ahead.Store(int64(time.Hour))
	time.Sleep(200 * time.Millisecond)
	status, body := people[39].post("/v1/claim", nil, nil)
	want(t, "claim of the last turn", status, body, http.StatusConflict, "not_called")
	if after := people[0].enter(); after != before {
		t.Errorf("the pass changed: %+v, %+v", before, after)
	}

	// The leader's clock was set as well: the line goes on by it, and the hour
	// still has not happened.
	w.cluster.ahead.Store(int64(time.Hour))
	w.eventually("the plan takes a segment by the new clock", func() bool {
		return w.cluster.try(plan.SegmentRenew, plan.RenewSegment{Cohort: "a", RateMilli: 2000, SetAheadMS: time.Hour.Milliseconds()})
	})
	w.eventually("the gate goes on by the new clock", func() bool {
		var doc struct{ Segment struct{ Number int64 } }
		w.anyone().get("/v1/serving/a", &doc)
		return doc.Segment.Number >= 2
	})
	status, body = people[39].post("/v1/claim", nil, nil)
	want(t, "claim of the last turn by the new clock", status, body, http.StatusConflict, "not_called")
	after := people[0].enter()
	if grown := after.ExpiresMS - before.ExpiresMS; after.ID != before.ID || grown < 3_590_000 || grown > 3_610_000 {
		t.Errorf("the pass: %+v, %+v, grown by %d ms", before, after, grown)
	}
}

// All booking servers are gone for a while: nobody could use their pass, so
// none ran out.
func TestPassClocksStandStillWithoutBookingServers(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	p := w.admitted("one")
	before := p.enter()
	w.eventually("the server is used", func() bool { status, _ := p.get("/v1/eligibility", nil); return status == http.StatusOK })
	time.Sleep(1200 * time.Millisecond) // seen in service
	w.cluster.do(plan.InstanceForget, plan.ForgetInstance{ID: "was-1"})
	w.eventually("the clock stood still", func() bool {
		return p.enter().ExpiresMS-before.ExpiresMS >= 2900
	})
	if after := p.enter(); after.ID != before.ID {
		t.Errorf("before %+v, after %+v", before, after)
	}
}
