package gate

import (
	"net/http"

	"sunbeon/reservation/gate/pages"
)

// verifyPage lets anyone recompute a turn in their own browser. It needs no
// login: a turn follows from public values alone.
func (g *Gate) verifyPage(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	frame := pages.Frame{Language: pages.LanguageOf(w, r), Script: pages.VerifyScript}
	content := pages.Verify{Chosen: query.Get("cohort"), Seq: query.Get("seq")}
	for _, l := range g.lines() {
		content.Cohorts = append(content.Cohorts, cohortOf(l, frame.Language))
	}
	frame.Page = content
	g.show(w, r, http.StatusOK, "verify", frame)
}
