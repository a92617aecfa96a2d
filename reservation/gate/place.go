package gate

import (
	"context"
	"errors"
	"net/http"

	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/record"
)

// citizen is someone with a login in the line of their cohort.
type citizen struct {
	login credential.Login
	line  *line
	tag   waitingroom.Tag
}

// citizenOf finds the person of a request and their line.
func (g *Gate) citizenOf(r *http.Request) (citizen, *problem.Problem) {
	login, p := g.who(r)
	if p != nil {
		return citizen{}, p
	}
	return g.inLine(login)
}

func (g *Gate) inLine(login credential.Login) (citizen, *problem.Problem) {
	v := g.view.Load()
	if v == nil {
		return citizen{}, starting()
	}
	l := v.lineFor(login.Birth)
	if l == nil {
		return citizen{}, notEligible(login.Birth)
	}
	return citizen{login: login, line: l, tag: waitingroom.Tag(g.keys.Person.Tag(login.CI, l.cohort.ID))}, nil
}

// wrongBirth is the reason of who is in no cohort.
const wrongBirth = "birth_date"

// notEligible says why and what to do: a refusal must not be a dead end.
func notEligible(birth string) *problem.Problem {
	return problem.New(http.StatusForbidden, "not_eligible", "No cohort announced so far is for your date of birth.").
		With("reason", wrongBirth).With("birth", birth).
		With("appeal", "If your date of birth is wrong at your identity provider, have it corrected there and identify yourself again. Otherwise call 1339.")
}

// place is a person's place in the line as it is told to them.
type place struct {
	citizen
	waitingroom.Ticket
	serving int64
	wait    waitingroom.Wait
	token   string
	receipt *record.Receipt
}

// ahead is how many people are called before this one; false until the turn
// is known.
func (p place) ahead() (int64, bool) {
	if p.Turn == 0 {
		return 0, false
	}
	return max(0, p.Turn-p.serving-1), true
}

// called reports whether the turn has come.
func (p place) called() bool { return p.Turn > 0 && p.Turn <= p.serving }

// join takes the person's place, or finds the one they have, and returns when
// it is on disk.
func (g *Gate) join(ctx context.Context, c citizen) (place, *problem.Problem) {
	ticket, err := c.line.room.Join(c.tag, g.nowMS())
	if err != nil {
		return place{}, g.refusal(c.line, err)
	}
	if ticket.New {
		c.line.tickets.Inc()
	}
	return g.settle(ctx, c, ticket)
}

// find returns the person's place if they have one.
func (g *Gate) find(ctx context.Context, c citizen) (place, *problem.Problem) {
	ticket, ok := c.line.room.Ticket(c.tag, g.nowMS())
	if !ok {
		return place{}, g.refusal(c.line, waitingroom.ErrNoTicket)
	}
	return g.settle(ctx, c, ticket)
}

// settle waits until everything the ticket tells is durable and adds what the
// person is told with it.
func (g *Gate) settle(ctx context.Context, c citizen, ticket waitingroom.Ticket) (place, *problem.Problem) {
	receipt, err := g.receipt(ctx, c.line, ticket)
	if err != nil {
		return place{}, g.notDurable(ctx, err)
	}
	token := g.tickets.Sign(credential.Ticket{Cohort: c.line.cohort.ID, Tag: c.tag, Seq: ticket.Seq})
	now := g.nowMS()
	p := place{citizen: c, Ticket: ticket, token: token, receipt: receipt, serving: c.line.room.Serving(now)}
	if ticket.Turn > p.serving {
		p.wait = c.line.room.Estimate(ticket.Turn, now)
	}
	return p, nil
}

// receipt waits until everything the ticket tells is durable and returns the
// receipt of its record.
func (g *Gate) receipt(ctx context.Context, l *line, ticket waitingroom.Ticket) (*record.Receipt, error) {
	if ticket.New {
		receipt, err := g.log.Prove(ctx, ticket.Position)
		return &receipt, err
	}
	if err := g.log.Wait(ctx, ticket.Position); err != nil {
		return nil, err
	}
	receipt, err := g.log.Find(l.room.Anchor(ticket.Seq), l.room.IsTicket(ticket.Seq))
	if errors.Is(err, record.ErrBusy) {
		return nil, nil // as below, and no news
	}
	if err != nil {
		// The place is safe; only its evidence has to be asked for again.
		g.logger.ErrorContext(ctx, "receipt not found", "cohort", l.cohort.ID, "error", err)
		return nil, nil
	}
	return &receipt, nil
}

// notDurable answers for a record that could not be awaited. Unless the
// person left, the log is dead and the process about to end.
func (g *Gate) notDurable(ctx context.Context, err error) *problem.Problem {
	if ctx.Err() == nil {
		g.logger.ErrorContext(ctx, "record does not take writes", "error", err)
	}
	return problem.New(http.StatusServiceUnavailable, "hold_on",
		"This could not be put on record just now. Please ask again; nothing is done twice.").Retry(jitter(holdRetry))
}

func (g *Gate) internal(ctx context.Context, err error) *problem.Problem {
	g.logger.ErrorContext(ctx, "request not served", "error", err)
	return problem.New(http.StatusInternalServerError, "internal", "This is our mistake, not yours. Please ask again.")
}
