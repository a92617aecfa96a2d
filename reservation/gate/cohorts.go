package gate

import (
	"encoding/json"
	"errors"
	"net/http"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
	"sunbeon/reservation/waitingroom/record"
)

// cohortDocument is a cohort as the public sees it.
type cohortDocument struct {
	ID         string            `json:"id"`
	Name       map[string]string `json:"name"`
	BirthFrom  string            `json:"birth_from"`
	BirthTo    string            `json:"birth_to"`
	LastDigits []int             `json:"last_digits,omitempty"`
	LobbyMS    int64             `json:"lobby_ms"`
	SealMS     int64             `json:"seal_ms"`
	OpenMS     int64             `json:"open_ms"`
	CloseMS    int64             `json:"close_ms"`
	Phase      plan.Phase        `json:"phase"`
	Order      string            `json:"order"`
	DrawMode   string            `json:"draw_mode,omitempty"`
	Commitment string            `json:"commitment,omitempty"`
	Source     string            `json:"source,omitempty"`
	Draw       *plan.Draw        `json:"draw,omitempty"`
	Note       string            `json:"note,omitempty"`
}

// showCohorts is GET /v1/cohorts: who may book when, and in which order
// people are called.
func (g *Gate) showCohorts(w http.ResponseWriter, r *http.Request) {
	cohorts := []cohortDocument{}
	for _, l := range g.lines() {
		c := l.cohort
		cohorts = append(cohorts, cohortDocument{
			ID: c.ID, Name: c.Name, BirthFrom: c.BirthFrom, BirthTo: c.BirthTo, LastDigits: c.LastDigits,
			LobbyMS: c.LobbyMS, SealMS: c.SealMS, OpenMS: c.OpenMS, CloseMS: c.CloseMS,
			Phase: c.Phase, Order: c.Order, DrawMode: c.DrawMode, Commitment: c.Commitment, Source: c.Source,
			Draw: c.Draw, Note: c.Note,
		})
	}
	body, err := json.Marshal(map[string]any{"cohorts": cohorts})
	if err != nil {
		g.refuse(w, g.internal(r.Context(), err))
		return
	}
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = jsonType, servingCache
	w.Write(append(body, '\n'))
}

// showAnnouncement is GET /v1/cohorts/{cohort}/announcement: the receipt of the
// record that announces the cohort as it is. It tells under which number the
// record has the cohort, and so to which a ticket's record belongs.
func (g *Gate) showAnnouncement(w http.ResponseWriter, r *http.Request) {
	v := g.view.Load()
	if v == nil {
		g.refuse(w, starting())
		return
	}
	l, ok := v.byID[r.PathValue("cohort")]
	if !ok {
		g.refuse(w, noCohort())
		return
	}
	position := l.room.Announced()
	if err := g.log.Wait(r.Context(), position); err != nil {
		g.refuse(w, g.notDurable(r.Context(), err))
		return
	}
	receipt, err := g.log.Receipt(position)
	switch {
	case errors.Is(err, record.ErrBusy):
		g.refuse(w, receiptsBusy())
	case err != nil:
		g.refuse(w, g.internal(r.Context(), err))
	default:
		writeJSON(w, http.StatusOK, receipt)
	}
}

func noCohort() *problem.Problem {
	return problem.New(http.StatusNotFound, "no_cohort", "There is no such cohort.")
}
