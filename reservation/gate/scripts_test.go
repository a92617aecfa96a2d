package gate_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/browsertest"
	"sunbeon/reservation/gate"
)

// listening collects what the page says to a screen reader.
const listening = `window.said ??= (() => { const said = [];
	new MutationObserver(() => { const words = document.getElementById("spoken").textContent; if (words) said.push(words); })
		.observe(document.getElementById("spoken"), {childList: true, characterData: true, subtree: true}); return said; })(), true`

// A waiting page keeps its figures true, speaks only when something has
// happened, and turns into the way in by itself.
func TestAWaitingPageSpeaksOnlyAtMilestones(t *testing.T) {
	g := opened(t)
	w := g.w
	w.define("a")
	for n := range 60 {
		w.citizen(fmt.Sprint("person ", n)).join()
	}
	me := w.citizen("me")
	me.join()
	g.become(me)
	w.move("a", plan.Open)
	w.call("a", 4)
	g.Go(w.http.URL + "/line?lang=en")
	browsertest.Eval[bool](g.Browser, listening)
	w.keepCalling("a", 4)
	g.Await(`document.getElementById("renews") && !document.getElementById("renews").hidden`)
	g.Await(`Number(document.getElementById("ahead")?.textContent) < 9 && Number(document.getElementById("ahead").textContent) > 0`)
	said := browsertest.Eval[[]string](g.Browser, `window.said`)
	for _, words := range said {
		if !strings.HasSuffix(words, " people ahead of you.") {
			t.Errorf("says %q", words)
		}
	}
	if len(said) == 0 || len(said) > 3 {
		t.Errorf("spoke %d times on the way from 60 to 9: %q", len(said), said)
	}
	if title := browsertest.Eval[string](g.Browser, `document.title`); !strings.HasPrefix(title, "(") {
		t.Errorf("a tab in the background does not tell how many are ahead: %q", title)
	}
	g.Await(`document.querySelector('form[action="/enter"]')`)
	if title := browsertest.Eval[string](g.Browser, `document.title`); !strings.HasPrefix(title, "It is your turn") {
		t.Errorf("called, the title is %q", title)
	}
}

// A hold leaves the cohort open; who waits sees it all the same, and its end.
func TestAWaitingPageTellsAHold(t *testing.T) {
	g := opened(t)
	w := g.w
	w.define("a")
	w.citizen("another").join()
	me := w.citizen("me")
	me.join()
	w.move("a", plan.Open)
	g.become(me)
	g.Go(w.http.URL + "/line?lang=en")
	look := `follow(), true` // rather than at the next poll
	w.cluster.do(plan.HoldSet, plan.SetHold{Scope: plan.All})
	w.eventually("the document says so", func() bool { _, body := me.get("/v1/serving/a", nil); return strings.Contains(body, `"held":true`) })
	browsertest.Eval[bool](g.Browser, look)
	g.Await(`document.getElementById("spoken").textContent.includes("paused")`)
	w.cluster.do(plan.HoldRelease, plan.ReleaseHold{Scope: plan.All})
	w.eventually("it goes on", func() bool { _, body := me.get("/v1/serving/a", nil); return strings.Contains(body, `"held":false`) })
	browsertest.Eval[bool](g.Browser, look)
	g.Await(`document.title.includes("You are in the line")`)
}

// Who waits sees a pause, and a gate that does not answer, without touching
// anything.
func TestAWaitingPageTellsAPauseAndALostConnection(t *testing.T) {
	g := opened(t)
	w := g.w
	w.define("a")
	w.citizen("another").join()
	me := w.citizen("me")
	me.join()
	w.move("a", plan.Open)
	g.become(me)
	g.Go(w.http.URL + "/line?lang=en")
	w.move("a", plan.Paused)
	browsertest.Eval[bool](g.Browser, `follow(), true`) // rather than at the next poll
	g.Await(`document.getElementById("spoken").textContent.includes("paused")`)
	w.http.Close()
	browsertest.Eval[bool](g.Browser, `follow(), true`)
	g.Await(`document.getElementById("offline").textContent.includes("Your place is kept")`)
}

// The time to choose ends with a warning before it and can be extended by one
// press, again and again; nobody is thrown out in the middle of a choice.
func TestTheTimeToChooseCanBeExtended(t *testing.T) {
	g := openedWith(t, func(c *gate.Config) { c.PassLife = 4 * time.Second })
	w := g.w
	p := w.admitted("one")
	w.eventually("the gate knows the server", func() bool { status, _ := p.get("/v1/institutions", nil); return status == 200 })
	p.enter()
	g.become(p)
	g.Go(w.http.URL + "/institutions/3?lang=en")
	for range 2 {
		g.Await(`!document.getElementById("limit-extend").hidden && document.getElementById("limit-says").textContent.includes("Less than a minute")`)
		g.Do(chromedp.Click(chromedp.CSS("#limit-extend")))
		g.Await(`document.getElementById("limit-extend").hidden && document.getElementById("limit-says").textContent.includes("Extending")`)
	}
	g.Await(`!document.getElementById("limit-extend").hidden`)
	if ok := browsertest.Eval[bool](g.Browser, `fetch("/v1/institutions").then(r => r.ok)`); !ok {
		t.Error("there is no pass in the end")
	}
}

// What the service asks people to try later is tried later by itself, with
// the same key, unless they say no.
func TestHeldRequestsAreRepeatedByThemselves(t *testing.T) {
	g := opened(t)
	w := g.w
	g.become(w.admitted("one"))
	w.was.set(func() { w.was.busy = 2 * time.Second })
	g.Go(w.http.URL + "/institutions?lang=en")
	g.Await(`document.title.startsWith("Hold on")`)
	w.was.set(func() { w.was.busy = 0 })
	g.Await(`document.title.startsWith("Choose an institution")`)
}
