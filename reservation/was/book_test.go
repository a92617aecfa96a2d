package was_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/booking"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/upstream"
	"sunbeon/reservation/was"
)

func TestTheWholeWay(t *testing.T) {
	e := start(t, nil)
	e.want("eligibility", e.do(ask{method: "GET", path: "/v1/eligibility", person: "ann"}), 200, "")
	made := e.book("ann", "1", "k")
	e.want("booking", made, 201, "")
	number := made.body["number"].(string)
	doses := made.body["doses"].([]any)
	second := doses[1].(map[string]any)
	if len(doses) != 2 || second["date"] != "2021-10-07" || second["time"] != "09:00" || second["institution"] != "Mapo Clinic" {
		t.Errorf("doses: %v", doses)
	}
	again := e.book("ann", "1", "k")
	e.want("the same again", again, 201, "")
	if again.body["number"] != number {
		t.Errorf("a replay made booking %v after %v", again.body["number"], number)
	}
	e.want("the key for another slot", e.book("ann", "2", "k"), 422, "idempotency_key_reused")
	other := e.book("ann", "2", "k2")
	e.want("a second booking", other, 409, "already_booked")
	if other.Extra["number"] != number {
		t.Errorf("the number of the booking there is: %v", other.Extra)
	}
	mine := func() []any {
		return e.do(ask{method: "GET", path: "/v1/bookings/mine", person: "ann", pass: "-"}).body["bookings"].([]any)
	}
	if b := mine(); len(b) != 1 || b[0].(map[string]any)["number"] != number {
		t.Errorf("mine: %v", b)
	}
	moved := e.do(ask{method: "POST", path: "/v1/bookings/" + number + "/change", body: `{"slot_id":"4"}`, key: "m", person: "ann", pass: "-"})
	e.want("change", moved, 200, "")
	if d := moved.body["doses"].([]any)[1].(map[string]any); d["institution"] != "Haeundae Clinic" {
		t.Errorf("after the change: %v", moved.body)
	}
	e.want("change by somebody else", e.do(ask{method: "POST", path: "/v1/bookings/" + number + "/change", body: `{"slot_id":"2"}`, key: "m", person: "bob", pass: "-"}), 404, "no_booking")
	e.want("cancel by somebody else", e.do(ask{method: "DELETE", path: "/v1/bookings/" + number, person: "bob", pass: "-"}), 404, "no_booking")
	for range 2 { // asking twice is asking once
		e.want("cancel", e.do(ask{method: "DELETE", path: "/v1/bookings/" + number, person: "ann", pass: "-"}), 200, "")
	}
	if b := mine(); len(b) != 0 {
		t.Errorf("mine after the cancellation: %v", b)
	}
	e.want("change after it", e.do(ask{method: "POST", path: "/v1/bookings/" + number + "/change", body: `{"slot_id":"1"}`, key: "m2", person: "ann", pass: "-"}), 409, "already_cancelled")
	e.sound(0)
	eventually(t, "all stock is given back", func() bool { return e.stock.count() == 0 })
}

func TestNonsenseIsRefused(t *testing.T) {
	e := start(t, nil)
	f := func(body, key string, status int, code string) {
		t.Helper()
		e.want(body, e.do(ask{method: "POST", path: "/v1/bookings", body: body, key: key, person: "ann"}), status, code)
	}
	f(`{"slot_id":"1"}`, "", 400, "invalid_request")
	f(`{"slot_id":"one"}`, "k", 400, "invalid_request")
	f(`{"slot_id":"-1"}`, "k", 400, "invalid_request")
	f(`{`, "k", 400, "malformed")
	f(``, "k", 400, "malformed")
	f(`{"slot_id":"4711"}`, "k", 404, "no_such_slot")
	f(`{"slot_id":"11"}`, "k", 409, "no_second_dose") // no second dose six weeks after the last day
	e.want("a wrong number", e.do(ask{method: "DELETE", path: "/v1/bookings/ABCD-EFGH", person: "ann"}), 400, "invalid_request")
	e.sound(0)
}

func TestRaceForOneSlot(t *testing.T) {
	e := start(t, nil)
	const callers = 40
	var mu sync.Mutex
	var wg sync.WaitGroup
	count := map[string]int{}
	for i := range callers {
		wg.Go(func() {
			a := e.book(fmt.Sprint("person-", i), "1", "k")
			for tries := 0; a.Code == "hold_on" && tries < 50; tries++ {
				time.Sleep(50 * time.Millisecond) // on a busy machine the load gate speaks first
				a = e.book(fmt.Sprint("person-", i), "1", "k")
			}
			if a.Code == "slot_taken" && len(a.Extra["alternatives"].([]any)) == 0 {
				t.Error("no alternatives")
			}
			mu.Lock()
			defer mu.Unlock()
			count[a.Code]++
		})
	}
	wg.Wait()
	if count[""] != places || count["slot_taken"] != callers-places {
		t.Errorf("%d callers for %d places: %v", callers, places, count)
	}
	e.sound(places)
	eventually(t, "stock of those who came too late is given back", func() bool { return e.stock.count() == places })
	e.refresh()
	late := e.book("late", "1", "k")
	near := late.Extra["alternatives"].([]any)
	if len(near) != 3 || near[0].(map[string]any)["slot_id"] != "2" {
		t.Errorf("alternatives: %v", near)
	}
}

func TestARefusalSaysWhyAndKeepsTheTurn(t *testing.T) {
	e := start(t, nil)
	e.judge = func(upstream.Applicant) (upstream.Verdict, error) {
		return upstream.Verdict{Reason: "vaccinated", Detail: "You have been vaccinated already."}, nil
	}
	for _, a := range []answer{e.do(ask{method: "GET", path: "/v1/eligibility", person: "ann"}), e.book("ann", "1", "k")} {
		e.want("not eligible", a, 403, "not_eligible")
		if a.Extra["reason"] != "vaccinated" || a.Extra["appeal"] == nil {
			t.Errorf("the refusal does not explain itself: %v", a.Extra)
		}
	}
	e.sound(0)
}

func TestTheRegisterIsAskedOnceASession(t *testing.T) {
	e := start(t, nil)
	asked := 0
	e.judge = func(upstream.Applicant) (upstream.Verdict, error) {
		asked++
		return upstream.Verdict{Eligible: true}, nil
	}
	e.do(ask{method: "GET", path: "/v1/eligibility", person: "ann"})
	e.book("ann", "1", "k")
	if asked != 1 {
		t.Errorf("asked %d times", asked)
	}
}

func TestAnUpstreamThatIsDownIsNamed(t *testing.T) {
	e := start(t, nil)
	e.book("bob", "1", "done before")
	down := func(system string) error {
		return &upstream.Error{System: system, Kind: upstream.ErrDown, Cause: errBoom}
	}
	e.stock.answer(func(context.Context, upstream.Reservation) error { return down("stock") })
	a := e.book("ann", "1", "k")
	e.want("stock is down", a, 503, "upstream_down")
	if a.Extra["system"] != "stock" || a.RetryAfterMS == 0 {
		t.Errorf("problem: %+v", a.Problem)
	}
	if diff := cmp.Diff([]any{"search", "look up", "cancel"}, a.Extra["works"]); diff != "" {
		t.Errorf("what works (-want +got):\n%s", diff)
	}
	e.want("searching goes on", e.do(ask{method: "GET", path: "/v1/institutions", person: "ann"}), 200, "")
	e.want("a known answer is still given", e.book("bob", "1", "done before"), 201, "")
	e.stock.answer(nil)
	e.want("the same request once it is back", e.book("ann", "1", "k"), 201, "")

	other := e.book("dan", "1", "k")
	e.judge = func(upstream.Applicant) (upstream.Verdict, error) { return upstream.Verdict{}, down("eligibility") }
	e.want("changing goes on without eligibility", e.do(ask{method: "POST", path: "/v1/bookings/" + other.body["number"].(string) + "/change",
		body: `{"slot_id":"4"}`, key: "m", person: "dan", pass: "-"}), 200, "")
	if a := e.book("cid", "1", "k"); a.Code != "upstream_down" || a.Extra["system"] != "eligibility" {
		t.Errorf("problem: %+v", a.Problem)
	}
	e.sound(3)
}

// A server that has never seen a person knows their answer all the same, and asks
// nobody who is ill before it refuses them anything.
func TestAnotherServerGivesTheSameAnswer(t *testing.T) {
	var shared was.Config
	e := start(t, func(cfg *was.Config) { shared = *cfg })
	made := e.book("ann", "1", "k")
	e.want("booking", made, 201, "")
	another := func() {
		t.Helper()
		shared.Registry = prometheus.NewRegistry()
		server, err := was.New(shared)
		if err != nil {
			t.Fatal(err)
		}
		e.server = server
		e.phase(plan.Open)
		e.listen()
	}
	same := func(what string) {
		t.Helper()
		again := e.book("ann", "1", "k")
		e.want(what, again, 201, "")
		if again.body["number"] != made.body["number"] {
			t.Errorf("%s: booking %v after %v", what, again.body["number"], made.body["number"])
		}
	}
	another()
	same("all is well")
	another()
	e.stock.answer(func(context.Context, upstream.Reservation) error {
		return &upstream.Refusal{System: "stock", Code: upstream.CodeReleased}
	})
	same("the stock was given back")
	another()
	e.stock.answer(func(context.Context, upstream.Reservation) error {
		return &upstream.Error{System: "stock", Kind: upstream.ErrDown, Cause: errBoom}
	})
	same("stock is down")
	shared.Limits.Deadline = 300 * time.Millisecond
	another()
	e.stock.answer(func(ctx context.Context, _ upstream.Reservation) error { <-ctx.Done(); return ctx.Err() })
	same("stock hangs")
	shared.Limits.Deadline = 0
	another()
	e.judge = func(upstream.Applicant) (upstream.Verdict, error) {
		return upstream.Verdict{Reason: "not_on_the_roster"}, nil
	}
	same("the register has another opinion by now")
	another()
	e.want("the key for another slot", e.book("ann", "2", "k"), 422, "idempotency_key_reused")
	e.sound(1)
}

// Who was booked and lost the answer learns it, whatever would keep them out now;
// nobody else gets in by it, nor books anything.
func TestWhoWasBookedLearnsItWhenNobodyIsLetIn(t *testing.T) {
	e := start(t, nil)
	made := e.book("ann", "1", "k")
	e.want("booking", made, 201, "")
	f := func(what string, status int, code string) {
		t.Helper()
		again := e.book("ann", "1", "k")
		e.want(what+", booked before", again, 201, "")
		if again.body["number"] != made.body["number"] {
			t.Errorf("%s: booking %v after %v", what, again.body["number"], made.body["number"])
		}
		e.want(what+", another key", e.book("ann", "1", "other"), status, code)
		e.want(what+", another slot", e.book("ann", "2", "k"), status, code)
		e.want(what+", somebody else", e.book("bob", "1", "k"), status, code)
	}
	e.phase(plan.Open, "id-ann", "id-bob")
	f("the pass was revoked", 403, "pass_revoked")
	e.phase(plan.Closed)
	f("after the end", 403, "cohort_not_open")
	e.phase(plan.Paused)
	f("in a pause", 503, "paused")
	e.phase(plan.Open)
	e.verify = func(string) (credential.Pass, error) { return credential.Pass{}, credential.ErrExpired }
	f("the pass has expired", 401, "pass_expired")
	e.sound(1)
}

// unreadable is a ledger that cannot tell what it answered.
type unreadable struct{ was.Records }

func (unreadable) Answer(context.Context, booking.Attempt) (booking.Recorded, error) {
	return booking.Recorded{}, errBoom
}

// Perhaps another server has booked for them: nobody is told otherwise before the
// ledger has been asked.
func TestNobodyIsRefusedUnread(t *testing.T) {
	e := start(t, func(c *was.Config) { c.Records = unreadable{c.Records} })
	e.stock.answer(func(context.Context, upstream.Reservation) error {
		return &upstream.Error{System: "stock", Kind: upstream.ErrDown, Cause: errBoom}
	})
	e.want("stock is down", e.book("ann", "1", "k"), 503, "hold_on")
	e.judge = func(upstream.Applicant) (upstream.Verdict, error) { return upstream.Verdict{Reason: "unknown"}, nil }
	e.want("not on the roster", e.book("bob", "1", "k"), 503, "hold_on")
}

func TestNoStockIsATakenSlot(t *testing.T) {
	e := start(t, nil)
	e.stock.answer(func(context.Context, upstream.Reservation) error {
		return &upstream.Refusal{System: "stock", Code: upstream.CodeNoStock}
	})
	told := e.book("ann", "1", "k")
	e.want("no vaccine left", told, 409, "slot_taken")
	near, _ := told.Extra["alternatives"].([]any)
	for _, offered := range near {
		if id := offered.(map[string]any)["institution_id"]; id == "1" {
			t.Errorf("sent on to the institution that has none: %v", offered)
		}
	}
	if len(near) != 1 {
		t.Errorf("offered %v, want the other institution's time", near)
	}
	e.sound(0)
}

// What was reserved for a request whose booking never came about is given back
// after a while; the request is good for a booking all the same.
func TestARequestOutlivesItsReservation(t *testing.T) {
	away := &absentWriter{}
	e := start(t, func(c *was.Config) { away.Writer, c.Writer = c.Writer, away })
	away.gone.Store(true)
	e.want("the ledger is away", e.book("ann", "1", "k"), 503, "hold_on")
	for key := range e.stock.held {
		e.stock.Release(t.Context(), key)
	}
	away.gone.Store(false)
	e.want("the same request, minutes later", e.book("ann", "1", "k"), 201, "")
	e.want("and again", e.book("ann", "1", "k"), 201, "")
	e.sound(1)
	if n := e.stock.count(); n != 1 {
		t.Errorf("%d stock reservations for one booking", n)
	}
}

// absentWriter commits nothing at times.
type absentWriter struct {
	was.Writer
	gone atomic.Bool
}

func (w *absentWriter) Submit(ctx context.Context, r booking.Request) (booking.Outcome, error) {
	if w.gone.Load() {
		return booking.Outcome{}, ledger.ErrUnavailable
	}
	return w.Writer.Submit(ctx, r)
}

// Whoever holds the last place of a second dose keeps it, or takes it again, when
// they move the first.
func TestAChangeIsNotInItsOwnWay(t *testing.T) {
	e := start(t, nil)
	for _, id := range []booking.SlotID{11, 12, 13} {
		if _, err := e.store.SetCapacities(t.Context(), map[booking.SlotID]int{id: 0}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.store.SetCapacities(t.Context(), map[booking.SlotID]int{1: 1, 11: 1}); err != nil {
		t.Fatal(err)
	}
	e.refresh()
	made := e.book("ann", "1", "k")
	e.want("the only second dose", made, 201, "")
	e.refresh()
	number := made.body["number"].(string)
	look := func(slot string) answer {
		return e.do(ask{method: "GET", path: "/v1/slots/" + slot + "?change=" + number, person: "ann", pass: "-"})
	}
	change := func(slot, key string) answer {
		return e.do(ask{method: "POST", path: "/v1/bookings/" + number + "/change", body: `{"slot_id":"` + slot + `"}`, key: key, person: "ann", pass: "-"})
	}
	e.want("look at another time", look("2"), 200, "")
	e.want("move to it", change("2", "c1"), 200, "")
	e.refresh()
	e.want("look back", look("1"), 200, "")
	e.want("move back", change("1", "c2"), 200, "")
	e.refresh()
	e.want("the same again", change("1", "c3"), 200, "")
	e.want("another person", e.book("bob", "2", "k"), 409, "slot_taken")
	e.want("another's preview", e.do(ask{method: "GET", path: "/v1/slots/2?change=" + number, person: "bob"}), 409, "slot_taken")
	e.want("a slot for second doses", e.book("bob", "11", "k"), 409, "no_second_dose")
	e.sound(1)
}

// A stock system that stops answering must not hold the rest: within a second
// the server turns people away and says why, and searching goes on.
func TestAStalledUpstreamIsNoticedWithinASecond(t *testing.T) {
	e := start(t, func(c *was.Config) { c.Limits = was.Limits{Stock: 4, Deadline: time.Minute} })
	stalled := make(chan struct{})
	e.stock.answer(func(ctx context.Context, _ upstream.Reservation) error {
		select {
		case <-stalled:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	})
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() { e.book(fmt.Sprint("stuck-", i), "1", "k") })
	}
	eventually(t, "four are stuck", func() bool { return e.metric("sunbeon_was_resource_inflight", "stock") == 4 })
	began := time.Now()
	a := e.book("ann", "2", "k")
	e.want("held", a, 503, "hold_on")
	if took := time.Since(began); took > time.Second || a.RetryAfterMS == 0 {
		t.Errorf("held after %v, to come back after %d ms", took, a.RetryAfterMS)
	}
	began = time.Now()
	e.want("held at once", e.book("bob", "2", "k"), 503, "hold_on")
	if took := time.Since(began); took > 300*time.Millisecond {
		t.Errorf("with stock stalled the answer took %v", took)
	}
	if n := e.metric("sunbeon_was_held_total", "stock"); n != 2 {
		t.Errorf("%v people counted as held by stock", n)
	}
	e.want("searching", e.do(ask{method: "GET", path: "/v1/institutions", person: "cid"}), 200, "")
	close(stalled)
	wg.Wait()
	e.stock.answer(nil)
	e.want("after the stall", e.book("ann", "2", "k"), 201, "")
}

// Those who were turned away together do not come back together.
func TestPeopleHeldComeBackSpread(t *testing.T) {
	e := start(t, nil)
	e.stock.answer(func(context.Context, upstream.Reservation) error {
		return &upstream.Error{System: "stock", Kind: upstream.ErrBusy, RetryAfter: 3 * time.Second, Cause: errBoom}
	})
	seen := map[int64]bool{}
	for i := range 40 {
		a := e.book(fmt.Sprint("person-", i), "1", "k")
		e.want("held", a, 503, "hold_on")
		if a.RetryAfterMS < 3000 || a.RetryAfterMS >= 6000 {
			t.Errorf("to come back after %d ms, want 3 to 6 s", a.RetryAfterMS)
		}
		seen[a.RetryAfterMS/100] = true
	}
	if len(seen) < 10 {
		t.Errorf("40 people come back in %d tenths of a second", len(seen))
	}
}

// slowWriter commits and answers too late.
type slowWriter struct {
	was.Writer
	delay time.Duration
}

func (w *slowWriter) Submit(ctx context.Context, r booking.Request) (booking.Outcome, error) {
	out, err := w.Writer.Submit(ctx, r)
	if err != nil || w.delay == 0 {
		return out, err
	}
	<-ctx.Done()
	return booking.Outcome{}, fmt.Errorf("%w: %w", ledger.ErrUnknown, ctx.Err())
}

func TestAnUnknownOutcomeResolvesItself(t *testing.T) {
	slow := &slowWriter{delay: time.Hour}
	e := start(t, func(c *was.Config) {
		slow.Writer, c.Writer = c.Writer, slow
		c.Limits.Deadline = 300 * time.Millisecond
	})
	e.want("the answer is late", e.book("ann", "1", "k"), 504, "unknown_outcome")
	slow.delay = 0
	e.want("the same request again", e.book("ann", "1", "k"), 201, "")
	e.sound(1)
	if n := e.stock.count(); n != 1 {
		t.Errorf("%d stock reservations for one booking", n)
	}
}

func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if done() {
			return
		}
	}
	t.Errorf("never: %s", what)
}

// metric reads a counter or gauge by its first label's value.
func (e *evening) metric(name, label string) (sum float64) {
	e.t.Helper()
	families, err := e.registry.Gather()
	if err != nil {
		e.t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == name && m.GetLabel()[0].GetValue() == label {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}
