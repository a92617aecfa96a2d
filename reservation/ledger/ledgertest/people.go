package ledgertest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// accesses checks that what staff do is on record and found by booking, person
// and account.
func accesses(t *testing.T, h Harness) {
	l := start(t, h, 1)[0]
	ann := person(1)
	before := ledger.Access{TimeMS: 6, Account: "lee", Action: "book", Reason: "phoned in", Person: ann}
	list := ledger.Access{TimeMS: 7, Account: "kim", Action: "withdraw", Reason: "clinic closed", Serials: []int64{1, 2}}
	none := ledger.Access{TimeMS: 8, Account: "kim", Action: "withdraw", Reason: "nobody there"}
	for _, a := range []ledger.Access{before, list, none} {
		if err := l.Accessed(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	want(t, "booking", l.do(t, book(ann, "k")), booking.Done)
	f := func(what string, q ledger.AccessQuery, want ...ledger.Access) {
		t.Helper()
		got, err := l.Accesses(t.Context(), q)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("accesses %s (-want +got):\n%s %v", what, diff, err)
		}
	}
	one, two := list, list
	one.Serials, two.Serials = []int64{1}, []int64{2}
	f("to a booking, and for its person before", ledger.AccessQuery{Serial: 1}, before, one)
	f("to another", ledger.AccessQuery{Serial: 2}, two)
	f("by an account", ledger.AccessQuery{Account: "kim"}, one, two)
	f("since", ledger.AccessQuery{SinceMS: 7}, one, two)
	f("the latest", ledger.AccessQuery{Limit: 2}, one, two)
}

// rosters checks that lines are found by person and cohort and overwritten.
func rosters(t *testing.T, h Harness) {
	l := start(t, h, 1)[0]
	var lines []ledger.Enrolment
	for i := range 1000 {
		lines = append(lines, ledger.Enrolment{Cohort: "tenth-9", Person: person(i)})
	}
	lines[7].Reason, lines[7].Detail = "already_vaccinated", "한 번 맞으셨습니다"
	if err := l.Enrol(t.Context(), lines); err != nil {
		t.Fatal(err)
	}
	f := func(person, cohort string, want ledger.Enrolment) {
		t.Helper()
		got, err := l.Enrolled(t.Context(), person, cohort)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("line (-want +got):\n%s %v", diff, err)
		}
	}
	f(person(0), "tenth-9", lines[0])
	f(person(7), "tenth-9", lines[7])
	for _, nobody := range [][2]string{{person(1000), "tenth-9"}, {person(0), "tenth-8"}} {
		if e, err := l.Enrolled(t.Context(), nobody[0], nobody[1]); !errors.Is(err, ledger.ErrNotFound) {
			t.Errorf("%v is on the roster: %+v, %v", nobody, e, err)
		}
	}
	wrong, right := lines[7], ledger.Enrolment{Cohort: "tenth-9", Person: person(7)}
	for range 2 { // the last line of a person counts, and again is the same
		if err := l.Enrol(t.Context(), []ledger.Enrolment{wrong, right}); err != nil {
			t.Fatal(err)
		}
		f(person(7), "tenth-9", right)
	}
	if err := l.Enrol(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// refusals checks that of a person and cohort the latest refusal is kept, until
// it is forgotten.
func refusals(t *testing.T, h Harness) {
	l := start(t, h, 1)[0]
	refused := func(i, n int) ledger.Refusal {
		return ledger.Refusal{Person: person(i), Cohort: "tenth-9", Reason: fmt.Sprint("reason ", n), Sealed: []byte{1, 0, 0xff}, TimeMS: int64(n)}
	}
	if err := l.Refused(t.Context(), []ledger.Refusal{refused(1, 1), refused(2, 1), refused(1, 2)}); err != nil {
		t.Fatal(err)
	}
	if err := l.Refused(t.Context(), []ledger.Refusal{refused(2, 3)}); err != nil {
		t.Fatal(err)
	}
	all := func(after int64) []ledger.Refusal {
		t.Helper()
		list, err := l.Refusals(t.Context(), after, 10)
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	list := all(0)
	if len(list) != 2 || list[0].ID >= list[1].ID {
		t.Fatalf("refusals %+v", list)
	}
	want := []ledger.Refusal{refused(1, 2), refused(2, 3)}
	for i := range want {
		want[i].ID = list[i].ID
	}
	if diff := cmp.Diff(want, list); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
	if rest := all(list[0].ID); len(rest) != 1 || rest[0].ID != list[1].ID {
		t.Errorf("after the first: %+v", rest)
	}
	if err := l.Forget(t.Context(), []int64{list[0].ID}); err != nil {
		t.Fatal(err)
	}
	if rest := all(0); len(rest) != 1 || rest[0].ID != list[1].ID {
		t.Errorf("after one was forgotten: %+v", rest)
	}
}
