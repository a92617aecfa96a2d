package was_test

import (
	"strings"
	"testing"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/booking"
	"sunbeon/reservation/upstream"
)

func (e *evening) withdraw(slots ...booking.SlotID) {
	e.t.Helper()
	if err := e.store.Withdraw(e.t.Context(), slots, e.now().UnixMilli()); err != nil {
		e.t.Fatal(err)
	}
	e.refresh()
}

// An institution withdraws slots. Whoever held one books again without the line,
// whether they change the booking or have cancelled it in the meantime; whoever
// had left before does not.
func TestWithdrawnSlotsAreBookedAgainOutsideTheLine(t *testing.T) {
	e := start(t, nil)
	number := map[string]string{}
	for _, person := range []string{"ann", "bob", "cid"} {
		made := e.book(person, "1", "k")
		e.want("book", made, 201, "")
		number[person] = made.body["number"].(string)
	}
	cancel := func(person string) {
		t.Helper()
		e.want("cancel", e.do(ask{method: "DELETE", path: "/v1/bookings/" + number[person], person: person, pass: "-"}), 200, "")
	}
	own := func(person string) map[string]any {
		t.Helper()
		a := e.do(ask{method: "GET", path: "/v1/bookings/mine", person: person, pass: "-"})
		e.want("mine", a, 200, "")
		return a.body
	}
	write := func(person, what, slot, key string) answer {
		return e.do(ask{method: "POST", path: "/v1/bookings/" + number[person] + "/" + what, body: `{"slot_id":"` + slot + `"}`, key: key, person: person, pass: "-"})
	}
	cancel("cid")
	e.pass(time.Millisecond)
	e.withdraw(1, 11)
	e.phase(plan.Closed)

	shown := own("ann")["bookings"].([]any)[0].(map[string]any)["doses"].([]any)
	if len(shown) != 2 || shown[0].(map[string]any)["withdrawn"] != true {
		t.Errorf("ann is not told: %v", shown)
	}
	e.want("ann looks for another time", e.do(ask{method: "GET", path: "/v1/institutions/1/slots", person: "ann", pass: "-"}), 200, "")
	e.want("ann changes", write("ann", "change", "2", "m"), 200, "")
	e.want("ann books another beside it", write("ann", "rebook", "3", "r"), 409, "already_booked")

	cancel("bob")
	if own("bob")["rebook"] != number["bob"] {
		t.Errorf("bob is not told: %v", own("bob"))
	}
	e.want("bob looks for another time", e.do(ask{method: "GET", path: "/v1/slots/2", person: "bob", pass: "-"}), 200, "")
	e.refresh() // what bob has given up is nobody's
	e.want("bob takes what was withdrawn", write("bob", "rebook", "1", "r0"), 409, "slot_taken")
	again := write("bob", "rebook", "2", "r")
	e.want("bob books again", again, 201, "")
	if replay := write("bob", "rebook", "2", "r"); replay.body["number"] != again.body["number"] {
		t.Errorf("the same again: %+v", replay)
	}
	e.want("bob books again under the old number", write("bob", "rebook", "3", "r2"), 404, "no_booking")

	e.want("cid left before the withdrawal", write("cid", "rebook", "2", "r"), 403, "cohort_not_open")
	if body := own("cid"); body["rebook"] != nil {
		t.Errorf("cid is invited: %v", body)
	}
	e.want("cid looks around", e.do(ask{method: "GET", path: "/v1/institutions", person: "cid", pass: "-"}), 401, "pass_required")
	number["dan"] = number["bob"]
	e.want("dan with bob's number", write("dan", "rebook", "2", "r"), 404, "no_booking")
	e.sound(2)

	// The line's record names each pass once, however often its holder books.
	cited := 0
	events, err := e.store.Events(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, event := range events {
		if strings.HasSuffix(event.Pass, "bob") {
			cited++
		}
	}
	if cited != 1 {
		t.Errorf("bob's pass is cited %d times", cited)
	}
}

// Who cancels keeps the turn they had: until the cohort closes they book again,
// on the same pass, also when that has run out. The register is asked again.
func TestWhoCancelsBooksAgainWhileTheCohortIsOpen(t *testing.T) {
	e := start(t, nil)
	made := e.book("ann", "1", "k")
	e.want("book", made, 201, "")
	number := made.body["number"].(string)
	try := func(what, person, slot, key string, status int, code string) answer {
		t.Helper()
		a := e.do(ask{method: "POST", path: "/v1/bookings/" + number + "/rebook", body: `{"slot_id":"` + slot + `"}`, key: key, person: person, pass: "-"})
		e.want(what, a, status, code)
		return a
	}
	invited := func(want any) {
		t.Helper()
		if a := e.do(ask{method: "GET", path: "/v1/bookings/mine", person: "ann", pass: "-"}); a.body["rebook"] != want {
			t.Errorf("invited to book again under %v, want %v", a.body["rebook"], want)
		}
	}
	cancel := func() {
		t.Helper()
		e.want("cancel", e.do(ask{method: "DELETE", path: "/v1/bookings/" + number, person: "ann", pass: "-"}), 200, "")
	}
	try("beside the booking", "ann", "2", "r0", 409, "already_booked")
	cancel()
	e.pass(20 * time.Minute) // no pass lives that long
	invited(number)
	e.want("ann looks for another time", e.do(ask{method: "GET", path: "/v1/slots/2", person: "ann", pass: "-"}), 200, "")
	try("somebody else", "bob", "2", "r", 404, "no_booking")

	e.phase(plan.Paused)
	invited(nil)
	try("in a pause", "ann", "2", "r", 503, "paused")
	e.phase(plan.Open, "id-ann")
	invited(nil)
	try("on a revoked pass", "ann", "2", "r", 403, "pass_revoked")
	e.phase(plan.Open)

	again := try("again", "ann", "2", "r", 201, "")
	if replay := try("the same again", "ann", "2", "r", 201, ""); replay.body["number"] != again.body["number"] {
		t.Errorf("booked twice: %+v", replay)
	}
	try("under the old number", "ann", "3", "r2", 404, "no_booking")
	number = again.body["number"].(string)
	cancel()
	e.judge = func(upstream.Applicant) (upstream.Verdict, error) { return upstream.Verdict{Reason: "age"}, nil }
	e.pass(20 * time.Minute) // what the register said is forgotten
	try("no longer eligible", "ann", "2", "r3", 403, "not_eligible")
	e.phase(plan.Closed)
	invited(nil)
	try("after the end", "ann", "2", "r4", 403, "cohort_not_open")
	e.sound(0)
}

// Looking after a booking takes no pass, but one person cannot fill the lane.
func TestOneCannotFillTheLaneWithoutAPass(t *testing.T) {
	e := start(t, nil)
	look := func(person string) answer {
		return e.do(ask{method: "GET", path: "/v1/bookings/mine", person: person, pass: "-"})
	}
	for n := range 40 {
		if a := look("ann"); a.status == 429 {
			e.want("too often", a, 429, "rate_limited")
			e.want("somebody else", look("bob"), 200, "")
			if n < 10 || a.RetryAfterMS < 1000 {
				t.Errorf("slowed down after %d, to come back after %d ms", n, a.RetryAfterMS)
			}
			return
		}
	}
	t.Error("forty look-ups in a row were answered")
}
