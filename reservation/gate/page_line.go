package gate

import (
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"net/url"

	"sunbeon/reservation/gate/pages"
	"sunbeon/reservation/waitingroom"
)

func (g *Gate) linePage(w http.ResponseWriter, r *http.Request) {
	c, p := g.citizenOf(r)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	now := g.nowMS()
	frame := pages.Frame{Language: pages.LanguageOf(w, r)}
	content := pages.Line{Cohort: cohortOf(c.line, frame.Language), NowMS: now}
	at, p := g.find(r.Context(), c)
	switch {
	case p == nil:
		showPlace(&content, at)
		frame.RefreshS = refresh(at, now)
		content.Renews = frame.RefreshS > 0
	case p.Code != "no_ticket":
		g.showProblem(w, r, p)
		return
	}
	frame.Page = content
	g.show(w, r, http.StatusOK, "line", frame)
}

func showPlace(content *pages.Line, at place) {
	content.HasPlace = true
	content.Seq, content.Turn, content.Serving = at.Seq, at.Turn, at.serving
	content.Ahead, _ = at.ahead()
	if at.wait.Known {
		content.WaitFromMS, content.WaitToMS = at.wait.FromMS, at.wait.ToMS
	}
	content.State, content.Called = string(at.State), at.called()
	content.BeyondSupply = at.BeyondSupply
	content.Ticket, content.Receipt = at.token, evidence(at)
}

// openingSpreadMS is over how long pages spread that wake for the opening.
const openingSpreadMS = 5000

// refresh is after how many seconds a waiting person's page looks again: by
// their distance, like everybody else's, and never once they are called, as
// nothing may move under the hand of someone about to go in.
func refresh(at place, nowMS int64) int64 {
	if at.called() || at.State == waitingroom.Booked {
		return 0
	}
	rate := at.line.room.RateMilli(nowMS)
	ahead, known := at.ahead()
	if !known {
		ahead = at.Seq
	}
	random := rand.Float64()
	advice := waitingroom.PollAdvice(ahead, rate, random)
	if opens := at.line.cohort.OpenMS - nowMS; opens > 0 {
		// Nobody sleeps past the opening, and not all wake at once.
		advice = min(advice, opens+int64(random*openingSpreadMS))
	}
	return max(2, (advice+999)/1000)
}

func (g *Gate) joinForm(w http.ResponseWriter, r *http.Request) {
	c, p := g.citizenOf(r)
	if p == nil {
		_, p = g.join(r.Context(), c)
	}
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	forward(w, r, "/line")
}

func (g *Gate) enterForm(w http.ResponseWriter, r *http.Request) {
	c, p := g.citizenOf(r)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	in, p := g.admit(r.Context(), c)
	if p != nil {
		g.showProblem(w, r, p)
		return
	}
	g.setCookie(w, passCookie, in.token, in.pass.ExpiresMS)
	forward(w, r, "/institutions?"+url.Values{"province": {c.login.Province}}.Encode())
}

// evidence is a receipt as a person can keep it.
func evidence(at place) string {
	if at.receipt == nil {
		return ""
	}
	text, err := json.Marshal(at.receipt)
	if err != nil {
		return ""
	}
	return string(text)
}
