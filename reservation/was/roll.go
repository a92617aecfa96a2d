package was

import (
	"context"
	"errors"

	"sunbeon/reservation/credential"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/upstream"
)

// Roll answers who may book from the rosters in the ledger, where eligibility is
// imported: nobody outside is asked while people book.
type Roll struct {
	Lines   RosterLines
	Persons *credential.PersonKey
}

// RosterLines finds a person's line in the roster of a cohort; it is
// [ledger.ErrNotFound] if there is none.
type RosterLines interface {
	Enrolled(ctx context.Context, person, cohort string) (ledger.Enrolment, error)
}

// notOnRoster is why somebody may not book of whom no roster knows anything.
const notOnRoster = "not_on_roster"

// Check implements [Eligibility].
func (l Roll) Check(ctx context.Context, a upstream.Applicant) (upstream.Verdict, error) {
	line, err := l.Lines.Enrolled(ctx, l.Persons.Ref(a.CI), a.Cohort)
	switch {
	case errors.Is(err, ledger.ErrNotFound):
		return upstream.Verdict{Reason: notOnRoster, Detail: "You are not on the list of those who may book now."}, nil
	case err != nil:
		return upstream.Verdict{}, unread(err)
	}
	return upstream.Verdict{Eligible: line.Reason == "", Reason: line.Reason, Detail: line.Detail}, nil
}
