package gate

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"net/http"

	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/waitingroom"
)

// claim is POST /v1/claim: the pass of a called person.
func (g *Gate) claim(w http.ResponseWriter, r *http.Request) {
	c, p := g.citizenOf(r)
	if p != nil {
		g.refuse(w, p)
		return
	}
	pass, token, p := g.admit(r.Context(), c)
	if p != nil {
		g.refuse(w, p)
		return
	}
	g.setCookie(w, passCookie, token, pass.ExpiresMS)
	writeJSON(w, http.StatusOK, struct {
		Pass      string `json:"pass"`
		ID        string `json:"pass_id"`
		Turn      int64  `json:"turn"`
		Segment   int64  `json:"segment"`
		ExpiresMS int64  `json:"expires_ms"`
	}{token, pass.ID, pass.Turn, pass.Segment, pass.ExpiresMS})
}

// admit claims the person's pass, or finds the one they hold, and returns when
// it is on disk.
func (g *Gate) admit(ctx context.Context, c citizen) (credential.Pass, string, *problem.Problem) {
	var id waitingroom.PassID
	rand.Read(id[:]) // never fails
	held, err := c.line.room.Claim(c.tag, id, g.nowMS())
	if err != nil {
		return credential.Pass{}, "", g.refusal(c.line, err)
	}
	if err := g.log.Wait(ctx, held.Position); err != nil {
		return credential.Pass{}, "", g.notDurable(ctx, err)
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
		return credential.Pass{}, "", g.internal(ctx, err)
	}
	return pass, token, nil
}
