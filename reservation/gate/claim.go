package gate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"

	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/record"
)

// claim is POST /v1/claim: the pass of a called person.
func (g *Gate) claim(w http.ResponseWriter, r *http.Request) {
	c, p := g.citizenOf(r)
	if p != nil {
		g.refuse(w, p)
		return
	}
	in, p := g.admit(r.Context(), c)
	if p != nil {
		g.refuse(w, p)
		return
	}
	g.setCookie(w, credential.PassCookie, in.token, in.pass.ExpiresMS)
	answer := struct {
		Pass      string          `json:"pass"`
		ID        string          `json:"pass_id"`
		Turn      int64           `json:"turn"`
		Segment   int64           `json:"segment"`
		ExpiresMS int64           `json:"expires_ms"`
		Receipt   *record.Receipt `json:"receipt"`
	}{Pass: in.token, ID: in.pass.ID, Turn: in.pass.Turn, Segment: in.pass.Segment, ExpiresMS: in.pass.ExpiresMS}
	if receipt, err := g.log.Receipt(in.position); err == nil {
		answer.Receipt = &receipt
	} else {
		// The pass is safe; only its evidence has to be asked for again.
		g.logger.ErrorContext(r.Context(), "receipt not found", "cohort", c.line.cohort.ID, "error", err)
	}
	writeJSON(w, http.StatusOK, answer)
}

// admission is a claimed pass, its token, and the position of the record that
// issued it.
type admission struct {
	pass     credential.Pass
	token    string
	position uint64
}

// admit claims the person's pass, or finds the one they hold, and returns when
// it is on disk.
func (g *Gate) admit(ctx context.Context, c citizen) (admission, *problem.Problem) {
	var id waitingroom.PassID
	rand.Read(id[:]) // never fails
	held, err := c.line.room.Claim(c.tag, id, g.nowMS())
	if err != nil {
		return admission{}, g.refusal(c.line, err)
	}
	if err := g.log.Wait(ctx, held.Position); err != nil {
		return admission{}, g.notDurable(ctx, err)
	}
	if held.New {
		g.metrics.claims.WithLabelValues(c.line.cohort.ID).Inc()
	}
	pass := credential.Pass{
		ID: hex.EncodeToString(held.ID[:]), Cohort: c.line.cohort.ID, Person: g.keys.Person.Ref(c.login.CI),
		Turn: held.Turn, Segment: held.Segment, IssuedMS: held.IssuedMS, ExpiresMS: held.ExpiresMS,
	}
	token, err := g.passes.Sign(pass)
	if err != nil {
		return admission{}, g.internal(ctx, err)
	}
	return admission{pass: pass, token: token, position: held.Position}, nil
}
