package outbox

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/time/rate"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/upstream"
)

// Refusals are people who were told that they may not book.
type Refusals interface {
	Refusals(ctx context.Context, after int64, limit int) ([]ledger.Refusal, error)
	Forget(ctx context.Context, refusals []int64) error
	Latest(ctx context.Context, person string) (booking.Booking, error)
	Follow(ctx context.Context, name, holder string, nowMS, untilMS int64) (after int64, mine bool, err error)
}

// Judge says who may book now.
type Judge interface {
	Check(ctx context.Context, a upstream.Applicant) (upstream.Verdict, error)
}

// Inviter takes a message for somebody who may book after all.
type Inviter interface {
	Invite(ctx context.Context, r ledger.Refusal, p booking.Person) error
}

// Invitations ask again about everybody who was refused, and invite back those
// who may book since a rule, a register or a roster was corrected. Their turn is
// kept meanwhile. A message is sent at least once; a refusal is dropped when its
// person has been told, has booked, or a month has gone by.
type Invitations struct {
	Holder  string // this process; no two may share it
	Ledger  Refusals
	Judge   Judge
	Inviter Inviter
	Sealer  *ledger.Sealer
	// Pace bounds how often a live register is asked, a second; 0 does not.
	Pace   rate.Limit
	Logger *slog.Logger
	Now    func() time.Time // nil: the system's clock
}

const (
	inviteEvery  = 5 * time.Second
	inviteWithin = time.Minute // one round; the lease is longer
	inviteFor    = 30 * 24 * time.Hour
)

// Run goes round until ctx ends, in one of all processes at a time.
func (v *Invitations) Run(ctx context.Context) {
	after := int64(0)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(inviteEvery):
		}
		now := time.Now()
		_, mine, err := v.Ledger.Follow(ctx, "invitations", v.Holder, now.UnixMilli(), now.Add(2*inviteWithin).UnixMilli())
		if err == nil && mine {
			round, cancel := context.WithTimeout(ctx, inviteWithin)
			after, err = v.Round(round, after)
			cancel()
		}
		if err != nil && ctx.Err() == nil {
			v.Logger.Warn("invitations", "error", err)
		}
	}
}

// Round asks about the refusals after one until ctx ends, and returns where to
// go on: 0 when it has come to the end.
func (v *Invitations) Round(ctx context.Context, after int64) (next int64, err error) {
	limiter := rate.NewLimiter(rate.Inf, 1)
	if v.Pace > 0 {
		limiter.SetLimit(v.Pace)
	}
	for {
		list, err := v.Ledger.Refusals(ctx, after, pageSize)
		if err != nil || len(list) == 0 {
			return 0, err
		}
		for _, r := range list {
			if limiter.Wait(ctx) != nil {
				return after, nil // the next round goes on here
			}
			settled, err := v.settle(ctx, r)
			if err == nil && settled {
				err = v.Ledger.Forget(ctx, []int64{r.ID})
			}
			after = r.ID
			if err != nil { // the next round goes on with the others, and comes by again
				return after, fmt.Errorf("refusal %d: %w", r.ID, err)
			}
		}
	}
}

// settle reports whether nothing is left to tell somebody.
func (v *Invitations) settle(ctx context.Context, r ledger.Refusal) (bool, error) {
	now := time.Now()
	if v.Now != nil {
		now = v.Now()
	}
	if time.UnixMilli(r.TimeMS).Before(now.Add(-inviteFor)) {
		return true, nil
	}
	b, err := v.Ledger.Latest(ctx, r.Person)
	if err == nil && b.Live {
		return true, nil
	}
	if err != nil && !errors.Is(err, ledger.ErrNotFound) {
		return false, err
	}
	person, err := v.Sealer.Open(r.Person, r.Sealed)
	if err != nil {
		v.Logger.Error("refusal that cannot be read", "id", r.ID, "error", err)
		return false, nil
	}
	verdict, err := v.Judge.Check(ctx, upstream.Applicant{CI: person.CI, Birth: person.Birth, Cohort: r.Cohort})
	var no *upstream.Refusal
	if errors.As(err, &no) {
		return false, nil // the register does not even take the question
	}
	if err != nil || !verdict.Eligible {
		return false, err
	}
	err = v.Inviter.Invite(ctx, r, person)
	if errors.Is(err, ErrRefused) {
		v.Logger.Error("invitation", "id", r.ID, "error", err)
		return true, nil
	}
	return err == nil, err
}
