package gate

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/gate/pages"
	"sunbeon/reservation/gate/waspool"
	"sunbeon/reservation/waitingroom"
)

const (
	// bookingWithin bounds a request to the booking servers, all attempts
	// together.
	bookingWithin = 15 * time.Second
	// sessionLane is how many requests of people with a pass run at once. The
	// booking servers guard themselves; this only bounds the gate's memory.
	sessionLane = 2048
)

// errands are the parameters of a search that name a booking the person has or
// had.
var errands = []string{pages.Change, pages.Rebook}

// bookingProxy carries requests to the booking servers.
type bookingProxy struct {
	gate    *Gate
	session lane // people with a pass
	lookup  lane // people who look up, change or cancel: no line, but a small lane
}

func newBookingProxy(g *Gate) *bookingProxy {
	return &bookingProxy{gate: g, session: newLane(sessionLane), lookup: newLane(g.config.LookupLane)}
}

// forwardedHeaders are the only ones that reach a booking server: whatever
// else a client invents (forged X-Sunbeon-* headers, framing tricks) does not
// pass the door.
var forwardedHeaders = []string{
	"Accept", "Accept-Language", "Authorization", "Content-Type", "Cookie", "Idempotency-Key", "If-None-Match",
	"Traceparent", "Tracestate",
}

func (p *bookingProxy) forwarded(r *http.Request) http.Header {
	out := make(http.Header, len(forwardedHeaders)+2)
	for _, name := range forwardedHeaders {
		if values := r.Header[name]; len(values) > 0 {
			out[name] = values
		}
	}
	if pass := credential.PassOf(r); p.gate.passes.Vouch(pass) {
		out[credential.IssuedHeader] = []string{pass} // spares a booking server its signature
	}
	out["User-Agent"] = nil // keeps net/http from adding its own
	return out
}

// withPass serves the routes of admitted people. Who carries no login or pass
// at all is told so here and costs the booking servers nothing; whether they
// are genuine, in time and not revoked is for the booking server to decide.
func (p *bookingProxy) withPass(w http.ResponseWriter, r *http.Request) {
	if credential.PassOf(r) == "" {
		p.gate.refuse(w, passRequired())
		return
	}
	p.serve(w, r, p.session)
}

// search is withPass, except that who says they move a booking, or book again
// after one, needs none and takes the small lane: the booking servers know
// whether there is such a booking.
func (p *bookingProxy) search(w http.ResponseWriter, r *http.Request) {
	if credential.PassOf(r) == "" && slices.ContainsFunc(errands, r.URL.Query().Has) {
		p.serve(w, r, p.lookup)
		return
	}
	p.withPass(w, r)
}

// withLogin serves look-ups, changes and cancellations, for which identity is
// enough.
func (p *bookingProxy) withLogin(w http.ResponseWriter, r *http.Request) {
	p.serve(w, r, p.lookup)
}

func (p *bookingProxy) serve(w http.ResponseWriter, r *http.Request, in lane) {
	if _, refused := p.gate.who(r); refused != nil {
		p.gate.refuse(w, refused)
		return
	}
	if keys := r.Header["Idempotency-Key"]; len(keys) > 1 {
		p.gate.refuse(w, problem.New(http.StatusBadRequest, "malformed", "Send one Idempotency-Key."))
		return
	}
	// Before the lane is entered: who sends a body slowly holds up nobody else.
	if refused := takeBody(w, r); refused != nil {
		p.gate.refuse(w, refused)
		return
	}
	if !in.enter(r.Context()) {
		p.gate.refuse(w, holdOn())
		return
	}
	defer in.leave()
	ctx, cancel := context.WithTimeout(r.Context(), bookingWithin)
	defer cancel()
	p.forward(ctx, w, r)
}

// takeBody reads a request's body to its end, so that what comes after does not
// wait for the client. What is posted is JSON.
func takeBody(w http.ResponseWriter, r *http.Request) *problem.Problem {
	if r.Body == http.NoBody {
		return nil
	}
	if r.Method == http.MethodPost && !isJSON(r) {
		return notJSON()
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, waspool.MaxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return bodyTooLarge()
	case err != nil:
		return unreadable()
	}
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return nil
}

// observe looks at what a booking server answered before it goes out.
func (p *bookingProxy) observe(resp *http.Response) {
	r := resp.Request
	if resp.StatusCode == http.StatusCreated && r.Method == http.MethodPost && r.URL.Path == "/v1/bookings" {
		p.booked(r)
	}
}

// booked puts on record that a pass was used. The booking itself is safe in the
// ledger already, so nobody waits for this. Who asks again for the answer to a
// booking is given it whatever pass they show: only one of their own is recorded.
func (p *bookingProxy) booked(r *http.Request) {
	g := p.gate
	pass, err := credential.ReadPass(credential.PassOf(r))
	if err != nil {
		g.logger.WarnContext(r.Context(), "a booking was made without a pass", "error", err)
		return
	}
	login, refused := g.who(r)
	if refused != nil {
		return // it has just run out: the ledger tells of the booking
	}
	var id waitingroom.PassID
	room, ok := g.hall.Room(pass.Cohort)
	if n, err := hex.Decode(id[:], []byte(pass.ID)); !ok || err != nil || n != len(id) {
		g.logger.WarnContext(r.Context(), "a booking was made with an unknown pass", "cohort", pass.Cohort)
		return
	}
	now := g.nowMS()
	ticket, _ := room.Ticket(waitingroom.Tag(g.keys.Person.Tag(login.CI, pass.Cohort)), now)
	if _, err := room.Booked(ticket.Turn, id, now); err != nil {
		g.logger.WarnContext(r.Context(), "booking not put on record", "cohort", pass.Cohort, "error", err)
	}
}

// problem says what became of a request no booking server answered.
func (p *bookingProxy) problem(ctx context.Context, err error) *problem.Problem {
	switch {
	case errors.Is(err, waspool.ErrBodyTooLarge):
		return bodyTooLarge()
	case errors.Is(err, waspool.ErrUnknown), errors.Is(err, context.DeadlineExceeded):
		return unknownOutcome()
	case errors.Is(err, waspool.ErrNoServer):
		return holdOn()
	case ctx.Err() != nil:
		return problem.New(http.StatusServiceUnavailable, "hold_on", "The connection ended before the answer.").Retry(jitter(holdRetry))
	}
	return unreadable()
}

func unreadable() *problem.Problem {
	return problem.New(http.StatusBadRequest, "malformed", "The request could not be read to its end.")
}

func passRequired() *problem.Problem {
	return problem.New(http.StatusUnauthorized, "pass_required", "Wait for your turn and claim your pass first.")
}

func holdOn() *problem.Problem {
	return problem.New(http.StatusServiceUnavailable, "hold_on",
		"Very many people are booking right now. Hold on: your turn and what you typed are kept, and nothing was booked.").
		Retry(jitter(holdRetry))
}

func unknownOutcome() *problem.Problem {
	return problem.New(http.StatusGatewayTimeout, "unknown_outcome",
		"The answer got lost on its way. Do not book again: look up your booking first. Asking again with the same Idempotency-Key is safe.").
		Retry(jitter(2 * holdRetry))
}
