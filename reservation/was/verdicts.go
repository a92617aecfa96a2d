package was

import (
	"context"
	"net/http"
	"sync"
	"time"

	"sunbeon/reservation/ledger"
	"sunbeon/reservation/upstream"
	"sunbeon/reservation/was/loadgate"
)

// Verdict is the answer to "may I book?".
type Verdict struct {
	Eligible bool   `json:"eligible"`
	Cohort   string `json:"cohort"`
}

// A "yes" is kept for the length of a session. A "no" is kept only as long as
// somebody might press the button again at once: a corrected rule must reach the
// people it wronged.
const (
	yesLasts    = 10 * time.Minute
	noLasts     = 15 * time.Second
	maxVerdicts = 100_000
)

// verdicts remembers what the register said, so that a person costs it one call
// a session and server.
type verdicts struct {
	mu    sync.Mutex
	known map[applicant]keptVerdict
}

type applicant struct{ person, cohort string }

type keptVerdict struct {
	upstream.Verdict
	until time.Time
}

func newVerdicts() *verdicts { return &verdicts{known: map[applicant]keptVerdict{}} }

func (v *verdicts) get(a applicant, now time.Time) (upstream.Verdict, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	kept, ok := v.known[a]
	return kept.Verdict, ok && now.Before(kept.until)
}

func (v *verdicts) put(a applicant, verdict upstream.Verdict, now time.Time) {
	lasts := yesLasts
	if !verdict.Eligible {
		lasts = noLasts
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.known) >= maxVerdicts {
		for old, kept := range v.known {
			if now.After(kept.until) {
				delete(v.known, old)
			}
		}
		if len(v.known) >= maxVerdicts {
			clear(v.known) // costs the register a second look at those who are still here
		}
	}
	v.known[a] = keptVerdict{verdict, now.Add(lasts)}
}

// showEligibility answers before anybody has chosen anything.
func (s *Server) showEligibility(r *http.Request) (int, any, error) {
	v, leave, err := s.search(r, loadgate.Entering)
	if err != nil {
		return 0, nil, err
	}
	leave()
	if err := s.eligible(r.Context(), v, loadgate.Entering); err != nil {
		return 0, nil, err
	}
	return http.StatusOK, Verdict{Eligible: true, Cohort: v.pass.Cohort}, nil
}

// eligible asks the register unless it has answered for this person already.
func (s *Server) eligible(ctx context.Context, v visitor, rank loadgate.Rank) error {
	a := applicant{v.ref, v.pass.Cohort}
	verdict, known := s.verdicts.get(a, s.cfg.Now())
	if !known {
		leave, err := s.eligibility.Enter(ctx, rank)
		if err != nil {
			return err
		}
		defer leave()
		verdict, err = s.cfg.Eligibility.Check(ctx, upstream.Applicant{CI: v.login.CI, Birth: v.login.Birth, Cohort: v.pass.Cohort})
		if err != nil {
			return refusedBy(err)
		}
		s.verdicts.put(a, verdict, s.cfg.Now())
	}
	if verdict.Eligible {
		return nil
	}
	if !known {
		if err := s.remember(v, verdict); err != nil {
			return err
		}
	}
	return notEligible(verdict.Reason, verdict.Detail)
}

// remember keeps who was refused, to invite them back.
func (s *Server) remember(v visitor, verdict upstream.Verdict) error {
	sealed, err := s.cfg.Sealer.Seal(v.ref, v.person())
	if err != nil {
		return err
	}
	s.refusals.add(ledger.Refusal{
		Person: v.ref, Cohort: v.pass.Cohort, Reason: verdict.Reason, Sealed: sealed, TimeMS: s.cfg.Now().UnixMilli(),
	})
	return nil
}

func notEligible(reason, detail string) error {
	if detail == "" {
		detail = "According to the register you cannot book at the moment."
	}
	return refuse("not_eligible", detail).
		With("reason", reason).
		With("appeal", "If this is wrong, call 1339 or ask your public health centre. Your turn is kept: once it is corrected you get a message, and come back with the same pass or claim it again.")
}
