package was_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/upstream"
	"sunbeon/reservation/was"
)

// The tricks of 2021 at the booking server's own door.
func TestNobodyGetsInWithoutTheirOwnPass(t *testing.T) {
	e := start(t, nil)
	search := ask{method: "GET", path: "/v1/institutions", person: "ann"}
	try := func(what string, status int, code string, change func(*ask)) {
		t.Helper()
		for _, a := range []ask{search, {method: "POST", path: "/v1/bookings", body: `{"slot_id":"1"}`, key: "k", person: "ann"}} {
			if change != nil {
				change(&a)
			}
			e.want(what, e.do(a), status, code)
		}
	}
	try("no login", 401, "login_required", func(a *ask) { a.login = "-" })
	try("a forged login", 401, "login_invalid", func(a *ask) { a.login = "AAAA" })
	try("no pass", 401, "pass_required", func(a *ask) { a.pass = "-" })
	try("a forged pass", 401, "pass_invalid", func(a *ask) { a.pass = "x" })
	try("a pass without a signature", 401, "pass_invalid", func(a *ask) { a.pass = "unsigned-pass-of-ann" })
	try("another person's pass, vouched for", 403, "pass_of_another", func(a *ask) { a.pass, a.vouched = "unsigned-pass-of-bob", "unsigned-pass-of-bob" })
	try("another person's pass", 403, "pass_of_another", func(a *ask) { a.pass = "pass-of-bob" })
	try("not through the gate", 403, "role_not_allowed", func(a *ask) { a.client = insecure() })

	e.phase(plan.Open, "id-ann")
	try("a revoked pass", 403, "pass_revoked", nil)
	e.phase(plan.Sealed)
	try("before the opening", 403, "cohort_not_open", nil)
	e.phase(plan.Closed)
	try("after the end", 403, "cohort_not_open", nil)
	e.phase(plan.Paused)
	try("in a pause", 503, "paused", nil)

	e.phase(plan.Open)
	e.verify = func(string) (credential.Pass, error) { return credential.Pass{}, credential.ErrExpired }
	try("an expired pass", 401, "pass_expired", nil)
	e.verify = func(string) (credential.Pass, error) { return credential.Pass{}, credential.ErrKeysUnavailable }
	try("without keys", 503, "hold_on", nil)
	e.sound(0)
}

// The word of the gate stands for a signature; nobody else's does.
func TestOnlyAGateVouchesForAPass(t *testing.T) {
	e := start(t, nil)
	const pass = "unsigned-pass-of-ann"
	a := ask{method: "GET", path: "/v1/institutions", person: "ann", pass: pass, vouched: pass}
	e.want("by the gate", e.do(a), 200, "")
	a.vouched = "pass-of-ann"
	e.want("by the gate, for another", e.do(a), 401, "pass_invalid")
	a.vouched = pass
	a.method, a.path, a.body, a.key, a.client = "POST", because("/staff/v1/bookings", "phoned in"), `{"slot_id":"1"}`, "k", e.staff("kim")
	e.want("by staff", e.do(a), 401, "pass_invalid")
}

func TestWithoutAPlanNobodyGetsIn(t *testing.T) {
	e := start(t, nil)
	e.server.Follow(nil)
	if e.server.Ready() == nil {
		t.Error("ready without a plan")
	}
	e.want("search", e.do(ask{method: "GET", path: "/v1/institutions", person: "ann"}), 503, "hold_on")
	e.want("booking", e.book("ann", "1", "k"), 503, "hold_on")
	e.phase(plan.Open)
	if err := e.server.Ready(); err != nil {
		t.Error(err)
	}
	e.want("with a plan", e.book("ann", "1", "k"), 201, "")
}

func TestSearch(t *testing.T) {
	e := start(t, nil)
	page := e.do(ask{method: "GET", path: "/v1/institutions?limit=1", person: "ann"})
	e.want("institutions", page, 200, "")
	first := page.body["institutions"].([]any)[0].(map[string]any)
	if first["name"] != "Haeundae Clinic" || first["free"] != float64(places) {
		t.Errorf("first page: %v", page.body)
	}
	page = e.do(ask{method: "GET", path: "/v1/institutions?limit=1&cursor=" + page.body["next"].(string), person: "ann"})
	if next := page.body["institutions"].([]any)[0].(map[string]any); next["name"] != "Mapo Clinic" || page.body["next"] != nil {
		t.Errorf("second page: %v", page.body)
	}
	page = e.do(ask{method: "GET", path: "/v1/institutions?province=Seoul&q=mapo", person: "ann"})
	if n := len(page.body["institutions"].([]any)); n != 1 {
		t.Errorf("%d institutions in Seoul named mapo", n)
	}
	slots := e.do(ask{method: "GET", path: "/v1/institutions/1/slots?date=2021-08-26", person: "ann"})
	if n := len(slots.body["slots"].([]any)); n != 3 {
		t.Errorf("%d slots on the first day, want 3: %v", n, slots.body)
	}
	all := e.do(ask{method: "GET", path: "/v1/institutions/1/slots", person: "ann"})
	if n := len(all.body["slots"].([]any)); n != 3 {
		t.Errorf("%d slots, want only the 3 a course can begin in", n)
	}
	for path, status := range map[string]int{
		"/v1/institutions/99/slots": 404, "/v1/institutions/x/slots": 404, "/v1/institutions/1/slots?date=soon": 400,
		"/v1/institutions?limit=0": 400, "/v1/institutions?limit=9999": 400, "/v1/institutions?cursor=x": 400,
	} {
		if a := e.do(ask{method: "GET", path: path, person: "bob"}); a.status != status {
			t.Errorf("%s: %d, want %d", path, a.status, status)
		}
	}
}

func TestTheFirstSearchTellsAllInOneStep(t *testing.T) {
	e := start(t, nil)
	asked := 0
	verdict := upstream.Verdict{Eligible: true}
	var down error
	e.judge = func(upstream.Applicant) (upstream.Verdict, error) { asked++; return verdict, down }
	search := func(person, query string) answer {
		t.Helper()
		return e.do(ask{method: "GET", path: "/v1/institutions?province=Seoul&" + query, person: person})
	}
	found := search("ann", "slots=2&eligibility=true")
	e.want("search", found, 200, "")
	listed := found.body["institutions"].([]any)[0].(map[string]any)
	slots := e.do(ask{method: "GET", path: "/v1/institutions/" + listed["id"].(string) + "/slots", person: "ann"})
	if diff := cmp.Diff(slots.body["slots"].([]any)[:2], listed["slots"]); diff != "" {
		t.Errorf("slots listed by themselves (-) and with their institution (+):\n%s", diff)
	}
	if found.body["eligible"] != true {
		t.Errorf("eligible: %v", found.body["eligible"])
	}
	e.want("book", e.book("ann", "1", "k"), 201, "")
	if plain := search("bob", "limit=2").body; plain["eligible"] != nil || plain["institutions"].([]any)[0].(map[string]any)["slots"] != nil || asked != 1 {
		t.Errorf("nothing was asked for: %v; the register was asked %d times", plain, asked)
	}
	verdict = upstream.Verdict{Reason: "already_vaccinated"}
	e.want("not eligible", search("eve", "slots=2&eligibility=true"), 403, "not_eligible")
	down = &upstream.Error{System: "eligibility", Kind: upstream.ErrDown, Cause: errBoom}
	e.want("register down", search("dan", "slots=2&eligibility=true"), 503, "upstream_down")
	e.want("searching goes on", search("dan", "slots=2&eligibility=false"), 200, "")
	found = search("fay", "district=Gangnam-gu&widen=true")
	if n := len(found.body["institutions"].([]any)); n != 1 || found.body["widened"] != true {
		t.Errorf("%d institutions in the province of a district without any, want 1; widened: %v", n, found.body["widened"])
	}
	if n := len(search("fay", "district=Gangnam-gu").body["institutions"].([]any)); n != 0 {
		t.Errorf("%d institutions in a district without any", n)
	}
	for _, query := range []string{"widen=perhaps", "slots=0", "slots=51", "slots=x", "slots=5&limit=21", "eligibility=maybe"} {
		e.want(query, search("fay", query), 400, "malformed")
	}
}

func TestAPreviewShowsBothDoses(t *testing.T) {
	e := start(t, nil)
	look := func(person, slot, pass string) answer {
		return e.do(ask{method: "GET", path: "/v1/slots/" + slot, person: person, pass: pass})
	}
	shown := look("ann", "1", "")
	e.want("preview", shown, 200, "")
	made := e.book("ann", "1", "k")
	if diff := cmp.Diff(made.body["doses"], shown.body["doses"]); diff != "" {
		t.Error("booked is not what was shown:", diff)
	}
	e.want("second dose's slot", look("ann", "11", ""), 409, "no_second_dose")
	e.want("no slot", look("ann", "99", ""), 404, "no_such_slot")
	e.want("nonsense", look("ann", "x", ""), 400, "invalid_request")
	e.want("a stranger", look("bob", "1", "-"), 401, "pass_required")
	for n := range places - 1 {
		e.want("booking", e.book(fmt.Sprint("person", n), "1", "k"), 201, "")
	}
	e.refresh()
	taken := look("ann", "1", "")
	e.want("taken", taken, 409, "slot_taken")
	if near := taken.Extra["alternatives"].([]any); len(near) == 0 {
		t.Error("nothing else is offered")
	}
}

// Moving a booking takes no turn, so looking for another time takes no pass.
func TestWhoHasABookingSearchesWithoutAPass(t *testing.T) {
	e := start(t, nil)
	paths := []string{"/v1/institutions", "/v1/institutions/1/slots", "/v1/slots/2"}
	search := func(what string, status int, code string) {
		t.Helper()
		for _, path := range paths {
			e.want(what+" "+path, e.do(ask{method: "GET", path: path, person: "ann", pass: "-"}), status, code)
		}
	}
	search("before", 401, "pass_required")
	made := e.book("ann", "1", "k")
	search("booked", 200, "")
	e.phase(plan.Closed)
	search("after closing", 200, "")
	e.want("cancel", e.do(ask{method: "DELETE", path: "/v1/bookings/" + made.body["number"].(string), person: "ann", pass: "-"}), 200, "")
	search("cancelled", 401, "pass_required")
}

func TestScrapersAreSlowedDown(t *testing.T) {
	e := start(t, nil)
	for range 100 {
		if a := e.do(ask{method: "GET", path: "/v1/institutions", person: "ann"}); a.status == 429 {
			e.want("scraper", a, 429, "rate_limited")
			e.want("somebody else", e.do(ask{method: "GET", path: "/v1/institutions", person: "bob"}), 200, "")
			return
		}
	}
	t.Error("a hundred searches in a row were answered")
}

// A scraper that never rests gets what a busy person would get, and no more.
func TestAScraperGetsNoMoreThanItsShare(t *testing.T) {
	e := start(t, nil)
	const every, requests = 100 * time.Millisecond, 600 // a minute
	pages := 0
	for range requests {
		switch a := e.do(ask{method: "GET", path: "/v1/institutions/1/slots?limit=200", person: "ann"}); a.status {
		case 200:
			pages++
		case 429:
			if a.RetryAfterMS < 1000 {
				t.Fatalf("to come back after %d ms", a.RetryAfterMS)
			}
		default:
			t.Fatalf("%d %s", a.status, a.Code)
		}
		e.pass(every)
	}
	if most := 24 + 4*70; pages < 4*60 || pages > most { // the clock itself goes on a little
		t.Errorf("%d pages in a minute, want 240 to %d", pages, most)
	}
}

func TestLimitsHaveDefaults(t *testing.T) {
	if _, err := was.New(was.Config{}); err == nil {
		t.Error("a server without its dependencies was made")
	}
}
