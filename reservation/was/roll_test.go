package was_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/outbox"
	"sunbeon/reservation/was"
)

// inviter remembers whom it was asked to invite.
type inviter struct{ names []string }

func (i *inviter) Invite(_ context.Context, _ ledger.Refusal, p booking.Person) error {
	i.names = append(i.names, p.Name)
	return nil
}

// Where eligibility is imported nobody outside is asked: the roster decides, a
// refusal says why and how to appeal and is on record, and a corrected line
// invites the person back, with the turn they have.
func TestARosterDecidesAndIsCorrected(t *testing.T) {
	e := start(t, func(c *was.Config) {
		c.Eligibility = was.Roll{Lines: c.Records.(was.RosterLines), Persons: c.Keys.Person}
	})
	enrol := func(person, reason, detail string) {
		t.Helper()
		line := ledger.Enrolment{Cohort: cohort, Person: e.keys.Person.Ref(person), Reason: reason, Detail: detail}
		if err := e.store.Enrol(t.Context(), []ledger.Enrolment{line}); err != nil {
			t.Fatal(err)
		}
	}
	enrol("ann", "", "")
	enrol("bob", "already_vaccinated", "접종을 마치셨습니다.")
	check := func(person string) answer {
		return e.do(ask{method: "GET", path: "/v1/eligibility", person: person})
	}
	e.want("on the roster", check("ann"), 200, "")
	e.want("on the roster", e.book("ann", "1", "k"), 201, "")
	for _, a := range []answer{check("bob"), e.book("bob", "1", "k")} {
		e.want("refused by the roster", a, 403, "not_eligible")
		if a.Extra["reason"] != "already_vaccinated" || a.Detail != "접종을 마치셨습니다." || a.Extra["appeal"] == nil {
			t.Errorf("the refusal does not explain itself: %+v", a.Problem)
		}
	}
	a := check("cid")
	e.want("on no roster", a, 403, "not_eligible")
	if a.Extra["reason"] != "not_on_roster" {
		t.Errorf("refused for %v", a.Extra["reason"])
	}
	refused := func() []ledger.Refusal {
		list, err := e.store.Refusals(t.Context(), 0, 10)
		if err != nil {
			t.Error(err)
		}
		return list
	}
	eventually(t, "both refusals are on record, once each", func() bool { return len(refused()) == 2 })

	invited := &inviter{}
	round := func() {
		t.Helper()
		v := &outbox.Invitations{
			Ledger: e.store, Sealer: e.sealer, Inviter: invited, Logger: slog.New(slog.DiscardHandler),
			Judge: was.Roll{Lines: e.store, Persons: e.keys.Person},
		}
		if _, err := v.Round(t.Context(), 0); err != nil {
			t.Error(err)
		}
	}
	round()
	enrol("bob", "", "") // corrected
	round()
	round()
	if diff := cmp.Diff([]string{"김 bob"}, invited.names); diff != "" {
		t.Errorf("invited back (-want +got):\n%s", diff)
	}
	e.want("within the moment somebody presses twice", e.book("bob", "1", "k"), 403, "not_eligible")
	e.pass(20 * time.Second)
	e.want("with the pass they have", e.book("bob", "1", "k"), 201, "")
	e.sound(2)
}
