package gate_test

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"sunbeon/controlplane/plan"
)

func TestTheWayFromIdentityToPass(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	p := w.citizen("one")
	if status, body := p.get("/v1/ticket", nil); status != http.StatusNotFound || code(body) != "no_ticket" {
		t.Errorf("before joining: %d %s", status, body)
	}
	var first ticket
	if status, body := p.post("/v1/ticket", nil, &first); status != http.StatusCreated {
		t.Fatalf("join: %d %s", status, body)
	}
	if first.Cohort != "a" || first.Seq != 1 || first.State != "waiting" || len(first.Receipt) < 10 {
		t.Errorf("ticket %+v", first)
	}
	status, body := p.post("/v1/claim", nil, nil)
	want(t, "claim in the lobby", status, body, http.StatusConflict, "not_called")

	w.move("a", plan.Open)
	w.keepCalling("a", 50)
	got := p.enter()
	if got.Turn != 1 || got.Segment < 1 || got.ExpiresMS <= time.Now().UnixMilli() {
		t.Errorf("pass %+v", got)
	}
	if again := p.device().enter(); again != got {
		t.Errorf("the pass changed:\n%+v\n%+v", got, again)
	}
	var second ticket
	if status, body := p.device().post("/v1/ticket", nil, &second); status != http.StatusOK {
		t.Fatalf("join again: %d %s", status, body)
	}
	if second.Seq != 1 || second.State != "claimed" || second.Ticket != first.Ticket {
		t.Errorf("joined again: %+v", second)
	}
}

func TestOnePersonOnHundredsOfConnectionsHasOnePlace(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	p := w.citizen("one")
	var wg sync.WaitGroup
	var mu sync.Mutex
	created, seqs := 0, map[int64]bool{}
	for range 300 {
		wg.Go(func() {
			var got ticket
			status, body := p.device().post("/v1/ticket", nil, &got)
			mu.Lock()
			defer mu.Unlock()
			if status == http.StatusCreated {
				created++
			} else if status != http.StatusOK {
				t.Errorf("%d %s", status, body)
			}
			seqs[got.Seq] = true
		})
	}
	wg.Wait()
	if created != 1 || len(seqs) != 1 {
		t.Errorf("%d places created, numbers %v", created, seqs)
	}
	if next := w.citizen("two").join(); next.Seq != 2 {
		t.Errorf("the next person has number %d: numbers were burnt", next.Seq)
	}
}

func TestOnePersonClaimingEverywhereHasOnePass(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	p := w.citizen("one")
	p.join()
	w.move("a", plan.Open)
	w.keepCalling("a", 50)
	p.enter()
	var wg sync.WaitGroup
	var mu sync.Mutex
	passes := map[pass]bool{}
	for range 100 {
		wg.Go(func() {
			var got pass
			if status, body := p.device().post("/v1/claim", nil, &got); status != http.StatusOK {
				t.Errorf("%d %s", status, body)
			}
			mu.Lock()
			passes[got] = true
			mu.Unlock()
		})
	}
	wg.Wait()
	if len(passes) != 1 {
		t.Errorf("%d passes for one person", len(passes))
	}
}

func TestRefusedRequestsBurnNoNumber(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	stranger := w.anyone()
	for _, cookie := range []string{"", "forged", strings.Repeat("A", 300)} {
		stranger.cookies["sunbeon_login"] = cookie
		status, body := stranger.post("/v1/ticket", nil, nil)
		want(t, "forged login", status, body, http.StatusUnauthorized, "login_invalid")
	}
	if got := w.citizen("one").join(); got.Seq != 1 {
		t.Errorf("the first person has number %d", got.Seq)
	}
}

func TestOnlyTheCohortMayJoin(t *testing.T) {
	w := newWorld(t)
	w.define("nines", func(c *plan.Cohort) { c.LastDigits = []int{9} })
	if got := w.citizen("born on the 9th").join(); got.Cohort != "nines" {
		t.Errorf("joined %q", got.Cohort)
	}
	w2 := newWorld(t)
	w2.define("eights", func(c *plan.Cohort) { c.LastDigits = []int{8} })
	status, body := w2.citizen("born on the 9th").post("/v1/ticket", nil, nil)
	want(t, "join of another cohort", status, body, http.StatusForbidden, "not_eligible")
	if !strings.Contains(body, `"appeal"`) {
		t.Errorf("a dead end: %s", body)
	}
}

func TestNobodyJoinsBeforeTheLobbyOrAfterTheClose(t *testing.T) {
	w := newWorld(t)
	now := time.Now().UnixMilli()
	w.cluster.do(plan.CohortDefine, plan.DefineCohort{Cohort: plan.Cohort{
		ID: "a", BirthFrom: "1900-01-01", BirthTo: "2020-12-31", Order: plan.OrderFirstCome,
		LobbyMS: now + 60_000, OpenMS: now + 120_000, CloseMS: now + 180_000,
	}})
	w.follows("a", plan.Scheduled)
	p := w.citizen("one")
	status, body := p.post("/v1/ticket", nil, nil)
	want(t, "join before the lobby", status, body, http.StatusConflict, "not_open")
	w.move("a", plan.Closed)
	status, body = p.post("/v1/ticket", nil, nil)
	want(t, "join after the close", status, body, http.StatusConflict, "closed")
}

func TestPlacesOutliveTheGate(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	var people []*person
	var tickets []ticket
	for _, name := range []string{"one", "two", "three"} {
		p := w.citizen(name)
		people, tickets = append(people, p), append(tickets, p.join())
	}
	w.move("a", plan.Open)
	w.keepCalling("a", 50)
	before := people[0].enter()
	w.restart()
	for i, p := range people {
		if got := p.join(); got.Seq != tickets[i].Seq || got.Ticket != tickets[i].Ticket {
			t.Errorf("person %d: %+v before, %+v after", i, tickets[i], got)
		}
	}
	if after := people[0].enter(); after.ID != before.ID || after.Turn != before.Turn {
		t.Errorf("pass %+v before, %+v after", before, after)
	}
	if next := w.citizen("four").join(); next.Seq != 4 {
		t.Errorf("the next person has number %d", next.Seq)
	}
}

func TestTheLineGoesOnWithoutAControlPlane(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	p := w.citizen("one")
	p.join()
	w.move("a", plan.Open)
	w.call("a", 50)
	w.eventually("the gate follows the segment", func() bool {
		_, body := w.anyone().get("/v1/serving/a", nil)
		return !strings.Contains(body, `"segment":null`)
	})
	w.cluster.down.Store(true)
	if got := p.enter(); got.Turn != 1 {
		t.Errorf("pass %+v", got)
	}
	if got := w.citizen("two").join(); got.Seq != 2 {
		t.Errorf("ticket %+v", got)
	}
}

func TestAHoldStopsTheLineEvenForAGateThatWasDown(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	p := w.citizen("one")
	p.join()
	w.move("a", plan.Open)
	w.call("a", 50)
	w.stop()
	w.cluster.do(plan.HoldSet, plan.SetHold{Scope: plan.All})
	time.Sleep(1200 * time.Millisecond) // the segment of the hold is now too old to follow
	w.start()
	status, body := p.post("/v1/claim", nil, nil)
	want(t, "claim during a hold", status, body, http.StatusConflict, "not_called")
	w.cluster.do(plan.HoldRelease, plan.ReleaseHold{Scope: plan.All})
	w.keepCalling("a", 50)
	p.enter()
}

// Who waits is told that the line stands still, also somebody who has been
// called; who is in already goes on.
func TestAHoldIsToldToThoseWhoWait(t *testing.T) {
	w := newWorld(t)
	w.was.register(w, "was-1")
	in := w.admitted("in")
	called := w.citizen("called")
	called.join()
	w.eventually("the second is called", func() bool { return strings.Contains(called.page("/line", "en"), `action="/enter"`) })
	w.cluster.do(plan.HoldSet, plan.SetHold{Scope: plan.All})
	w.eventually("the line is paused", func() bool { return strings.Contains(called.page("/line", "en"), "The line is paused") })
	if page := called.page("/line", "en"); strings.Contains(page, "cannot be told") || strings.Contains(page, `class="state open"`) || strings.Contains(page, `action="/enter"`) {
		t.Errorf("called in a hold: %s", page)
	}
	if _, page := called.submit("/enter", ""); !strings.Contains(page, "Paused for a moment") || strings.Contains(page, "not your turn") {
		t.Errorf("going in during a hold: %s", page)
	}
	if page := in.page("/line", "en"); !strings.Contains(page, `action="/enter"`) {
		t.Errorf("with a pass in a hold: %s", page)
	}
	w.eventually("the document says so", func() bool {
		_, body := called.get("/v1/serving/a", nil)
		return strings.Contains(body, `"held":true`)
	})
	w.cluster.do(plan.HoldRelease, plan.ReleaseHold{Scope: plan.All})
	w.eventually("the line goes on", func() bool { return strings.Contains(called.page("/line", "en"), `action="/enter"`) })
}

func TestServingDocument(t *testing.T) {
	w := newWorld(t)
	w.define("a")
	p := w.anyone()
	status, body := p.get("/v1/serving/none", nil)
	want(t, "unknown cohort", status, body, http.StatusNotFound, "no_cohort")

	resp, body := p.do(http.MethodGet, "/v1/serving/a", "", nil)
	etag := resp.Header.Get("Etag")
	if resp.Header.Get("Cache-Control") != "public, max-age=1" || etag == "" || resp.Header.Get("Set-Cookie") != "" {
		t.Errorf("headers %v", resp.Header)
	}
	if !strings.Contains(body, `"poll":[{`) {
		t.Errorf("no advice when to poll: %s", body)
	}
	p.header.Set("If-None-Match", etag)
	if resp, body := p.do(http.MethodGet, "/v1/serving/a", "", nil); resp.StatusCode != http.StatusNotModified || body != "" {
		t.Errorf("unchanged document: %d %q", resp.StatusCode, body)
	}
	w.citizen("one").join()
	w.eventually("the document changes with the line", func() bool {
		resp, _ := p.do(http.MethodGet, "/v1/serving/a", "", nil)
		return resp.StatusCode == http.StatusOK && resp.Header.Get("Etag") != etag
	})
}
