package was_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sunbeon/internal/pki"
	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/was"
)

// staff is the client of somebody who acts for others.
func (e *evening) staff(name string) *http.Client {
	e.t.Helper()
	if err := pki.EnsurePerson(e.pki, was.StaffRole, name, time.Now()); err != nil {
		e.t.Fatal(err)
	}
	return clientAs(e.t, e.pki, was.StaffRole+"-"+name)
}

func because(path, reason string, more ...string) string {
	q := url.Values{"reason": {reason}}
	for i := 0; i < len(more); i += 2 {
		q.Set(more[i], more[i+1])
	}
	return path + "?" + q.Encode()
}

// A person phones in: everything staff do for them is on record with account and
// reason before it is done, and gives them nothing the person does not have.
func TestStaffActForAPerson(t *testing.T) {
	e := start(t, nil)
	kim := e.staff("kim")
	const why = "전화로 요청하심"
	body := `{"slot_id":"1"}`
	book := ask{method: "POST", path: because("/staff/v1/bookings", why), body: body, key: "k", person: "ann", client: kim}

	early := book
	early.pass = "-"
	e.want("before the person's turn", e.do(early), 401, "pass_required")
	made := e.do(book)
	e.want("in the person's turn", made, 201, "")
	number := made.body["number"].(string)
	e.want("the person asks again themselves", e.book("ann", "1", "k"), 201, "")

	find := func(birth string) answer {
		return e.do(ask{method: "GET", path: because("/staff/v1/bookings/"+number, why, "birth", birth), client: kim, login: "-", pass: "-"})
	}
	e.want("a stranger with the number", find("1990-02-27"), 404, "no_booking")
	e.want("no date", find("28.2.1990"), 400, "malformed")
	found := find("1990-02-28")
	e.want("by number and birthday", found, 200, "")
	if found.body["name"] != "김 ann" || found.body["state"] != "live" || found.body["phone"] != "010-0000-0000" {
		t.Errorf("found %v", found.body)
	}
	mine := e.do(ask{method: "GET", path: because("/staff/v1/bookings/mine", why), client: kim, person: "ann", pass: "-"})
	e.want("by login", mine, 200, "")
	if mine.body["number"] != number {
		t.Errorf("found %v", mine.body)
	}
	e.want("a login of somebody else", e.do(ask{method: "GET", path: because("/staff/v1/bookings/"+number, why), client: kim, person: "bob", pass: "-"}), 404, "no_booking")
	moved := e.do(ask{method: "POST", path: because("/staff/v1/bookings/"+number+"/change", why, "birth", "1990-02-28"), body: `{"slot_id":"4"}`, key: "m", client: kim, login: "-", pass: "-"})
	e.want("change", moved, 200, "")
	e.want("cancel", e.do(ask{method: "DELETE", path: because("/staff/v1/bookings/"+number, why, "birth", "1990-02-28"), client: kim, login: "-", pass: "-"}), 200, "")
	e.sound(0)

	parsed, err := booking.ParseNumber(number)
	if err != nil {
		t.Fatal(err)
	}
	var did []string
	accesses, err := e.store.Accesses(t.Context(), ledger.AccessQuery{Serial: parsed.Serial()})
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accesses {
		did = append(did, a.Account+": "+a.Action)
		if a.Reason != why || a.TimeMS == 0 {
			t.Errorf("on record: %+v", a)
		}
	}
	want := []string{"kim: book", "kim: book", "kim: look up", "kim: look up", "kim: look up", "kim: look up", "kim: change", "kim: cancel"}
	if diff := cmp.Diff(want, did); diff != "" {
		t.Errorf("on record (-want +got):\n%s", diff)
	}
}

func TestStaffSayWhoAndWhy(t *testing.T) {
	e := start(t, nil)
	kim := e.staff("kim")
	f := func(what string, status int, code, path string, client *http.Client) {
		t.Helper()
		e.want(what, e.do(ask{method: "GET", path: path, client: client, person: "ann", pass: "-"}), status, code)
	}
	const path = "/staff/v1/bookings/mine"
	f("no reason", 400, "malformed", path, kim)
	f("a reason of nothing", 400, "malformed", because(path, " "), kim)
	f("a reason nobody reads", 400, "malformed", because(path, strings.Repeat("왜", 201)), kim)
	f("a reason with a line break", 400, "malformed", because(path, "a\nb"), kim)
	f("the gate", 403, "role_not_allowed", because(path, "why"), e.gate)
	f("without a certificate", 403, "role_not_allowed", because(path, "why"), insecure())
	f("staff on a citizen's route", 403, "role_not_allowed", "/v1/bookings/mine", kim)
	f("somebody without a booking", 404, "no_booking", because(path, "why"), kim)
	if err := pki.EnsurePerson(e.pki, was.StaffRole, "Kim Lee", time.Now()); err == nil {
		t.Error("a certificate was made for a name with a space")
	}
	for n := range 30 {
		if a := e.do(ask{method: "GET", path: because(path, "why"), client: kim, person: "ann", pass: "-"}); a.status == 429 {
			e.want("somebody reads the whole ledger", a, 429, "rate_limited")
			if n < 8 {
				t.Errorf("slowed down after %d", n)
			}
			return
		}
	}
	t.Error("thirty look-ups in a row were answered")
}

func TestStaffSearchWithoutAPass(t *testing.T) {
	e := start(t, nil)
	kim := e.staff("kim")
	for _, path := range []string{"/staff/v1/institutions?province=Seoul", "/staff/v1/institutions/1/slots"} {
		e.want(path, e.do(ask{method: "GET", path: path, client: kim, login: "-", pass: "-"}), 200, "")
	}
}
