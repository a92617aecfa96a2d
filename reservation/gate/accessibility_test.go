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
	"sunbeon/reservation/upstream/legacy"
)

// maxWeight bounds a page with everything it needs, in bytes over the wire: a
// second at 400 kbit/s is 50,000.
const maxWeight = 30_000

// gallery shows pages of one world in one browser.
type gallery struct {
	*browsertest.Browser
	w *world
	t *testing.T
}

// look checks the page at path in both languages, on every screen.
func (g *gallery) look(name, path string) {
	g.t.Helper()
	join := "?"
	if strings.Contains(path, "?") {
		join = "&"
	}
	for _, language := range []string{"ko", "en"} {
		g.Go(g.w.http.URL + path + join + "lang=" + language)
		if weight := g.Weight(); weight > maxWeight {
			g.t.Errorf("%s weighs %d bytes", name, weight)
		}
		g.check(name, language)
	}
}

// check checks the page the browser is on, on every screen.
func (g *gallery) check(name, language string) {
	g.t.Helper()
	for _, size := range []browsertest.Size{browsertest.Phone, browsertest.Desktop, browsertest.Zoomed} {
		g.Resize(size)
		view := name + "-" + language + "-" + size.Name
		g.CheckReflow(view)
		if size != browsertest.Zoomed {
			g.Shoot(view)
			g.Check(view, language)
		}
	}
	g.Resize(browsertest.Phone)
}

// become makes the browser that of a citizen, after everybody before.
func (g *gallery) become(p *person) {
	g.t.Helper()
	g.ClearCookies()
	for name, value := range p.cookies {
		g.SetCookie(g.w.http.URL, name, value)
	}
}

// born is a citizen of another age.
func (w *world) born(name, birth string) *person {
	w.t.Helper()
	assertion, err := w.issuer.Assert("kakao", legacy.Person{Name: name, Birth: birth, Digits: name, Province: "Seoul"}, time.Now())
	if err != nil {
		w.t.Fatal(err)
	}
	p := w.anyone()
	if status, body := p.post("/v1/login", map[string]string{"assertion": assertion}, nil); status != 200 {
		w.t.Fatalf("login: %d %s", status, body)
	}
	return p
}

// of announces a cohort for those born in a year.
func of(year int) func(*plan.Cohort) {
	return func(c *plan.Cohort) {
		c.Name = map[string]string{"ko": fmt.Sprint(year, "년생"), "en": fmt.Sprint("Born in ", year)}
		c.BirthFrom, c.BirthTo = fmt.Sprint(year, "-01-01"), fmt.Sprint(year, "-12-31")
		c.LobbyMS, c.OpenMS = time.Now().UnixMilli()-60_000, time.Now().UnixMilli()+3_600_000
		c.SealMS, c.CloseMS = c.OpenMS-60_000, c.OpenMS+7_200_000
	}
}

func opened(t *testing.T) *gallery { return openedWith(t) }

func openedWith(t *testing.T, change ...func(*gate.Config)) *gallery {
	b := browsertest.Open(t)
	w := newWorld(t, change...)
	w.was.register(w, "was-1")
	return &gallery{b, w, t}
}

// Every page people wait on, in every state of the line.
func TestPagesOfTheLineAreForEverybody(t *testing.T) {
	g := opened(t)
	g.look("home-empty", "/")
	w := g.w
	w.define("scheduled", of(1941))
	w.cluster.do(plan.CohortPhase, plan.MovePhase{Cohort: "scheduled", Phase: plan.Closed})
	w.define("lobby", of(1951), drawn)
	w.define("waiting", of(1961))
	w.define("paused", of(1971))
	g.look("home", "/")
	g.look("problem-not-found", "/nowhere")
	g.look("problem-login", "/line")
	g.look("home-identity-failed", "/identified?state=x")
	g.look("verify", "/verify?cohort=lobby&seq=1")

	for _, language := range []string{"ko", "en"} {
		g.Go(w.http.URL + "/?lang=" + language)
		g.Press(`a[href="/identify/kakao"]`)
		g.check("provider", language)
	}

	old := w.born("김순자", "1941-05-05")
	g.become(old)
	g.look("line-closed", "/line")
	g.become(w.born("Hubert Blaine Wolfeschlegelsteinhausenbergerdorff", "2019-05-05"))
	g.look("problem-not-eligible", "/line")
	g.become(w.born("이순번", "1951-05-05"))
	g.look("join", "/line")
	g.Press(`form[action="/line"] button`)
	g.look("line-lobby", "/line")
	g.look("home-identified", "/")

	for n := range 150 {
		w.born(fmt.Sprint("person ", n), "1961-01-01").join()
	}
	waiting := w.born("박순번", "1961-05-05")
	waiting.join()
	w.move("waiting", plan.Open)
	w.keepCalling("waiting", 1)
	g.become(waiting)
	w.eventually("a range can be told", func() bool { return strings.Contains(waiting.page("/line", "en"), "between") })
	g.look("line-waiting", "/line")

	paused := w.born("최순번", "1971-05-05")
	paused.join()
	w.move("paused", plan.Open)
	w.move("paused", plan.Paused)
	g.become(paused)
	g.look("line-paused", "/line")
}

// Every page people choose on, and what they have chosen.
func TestPagesForBookingAreForEverybody(t *testing.T) {
	g := opened(t)
	w := g.w
	p := w.citizen("one")
	w.define("a")
	p.join()
	w.move("a", plan.Open)
	w.keepCalling("a", 50)
	g.become(p)
	w.eventually("called", func() bool { return strings.Contains(p.page("/line", "en"), `action="/enter"`) })
	g.look("line-called", "/line")
	g.Press(`form[action="/enter"] button`)
	g.look("institutions", "/institutions?province=Seoul")
	g.look("institutions-widened", "/institutions?province=Seoul&district=Nowhere")
	g.look("slots", "/institutions/3")
	g.look("review", "/slots/5")
	w.was.set(func() { w.was.taken = true })
	g.Press(`form[action="/book"] button`)
	g.check("slots-taken", "en")
	w.was.set(func() { w.was.taken = false })
	g.look("review-again", "/slots/5")
	g.Press(`form[action="/book"] button`)
	g.look("booked", "/bookings?done=booked")
	g.look("changed", "/bookings?done=changed")
	g.look("change-institutions", "/institutions?change=A-1")
	g.look("change-review", "/slots/5?change=A-1")
	g.look("cancel", "/bookings/A-1/cancel")
	w.was.set(func() { w.was.withdrawn = true })
	g.look("withdrawn", "/bookings")
	w.was.set(func() { w.was.withdrawn = false })
	w.eventually("the booking is on record", func() bool { return strings.Contains(p.page("/line", "en"), "You are booked") })
	g.look("line-booked", "/line")
	w.was.set(func() { w.was.none = true })
	g.look("cancelled", "/bookings?done=cancelled")
	g.look("bookings-none", "/bookings")
	w.was.set(func() { w.was.rebook = "A-1" })
	g.look("book-again", "/bookings?done=cancelled")
	g.look("book-again-review", "/slots/5?rebook=A-1")
	w.was.set(func() { w.was.busy = 90 * time.Second })
	g.look("problem-hold-on", "/institutions")
	g.become(w.citizen("two"))
	g.look("problem-pass", "/institutions")
}

// The whole way with scripts switched off in the browser, over a connection as
// slow as a train's: every step is a link or a form.
func TestTheWholeWayWithoutScriptsOnASlowLine(t *testing.T) {
	g := opened(t)
	w := g.w
	w.define("a")
	w.move("a", plan.Open)
	w.keepCalling("a", 50)
	g.DisableScripts()
	g.Throttle(400, 150)
	g.Resize(browsertest.Phone)
	walk(g, func(what string, arrives func()) {
		began := time.Now()
		arrives()
		t.Logf("%s: %v, %d bytes", what, time.Since(began).Round(time.Millisecond), g.Weight())
	})
}

// The same way, by the same steps, with scripts.
func TestTheWholeWayWithScripts(t *testing.T) {
	g := opened(t)
	w := g.w
	w.define("a")
	w.move("a", plan.Open)
	w.keepCalling("a", 50)
	walk(g, func(_ string, arrives func()) { arrives() })
}

// walk goes from the identity check to the cancellation.
func walk(g *gallery, step func(what string, arrives func())) {
	w := g.w
	sees := func(words string) {
		g.t.Helper()
		if text := g.Text(); !strings.Contains(text, words) {
			g.t.Fatalf("does not see %q in %s", words, text)
		}
	}
	step("home", func() { g.Go(w.http.URL + "/?lang=en") })
	step("provider", func() { g.Press(`a[href="/identify/naver"]`) })
	for name, value := range map[string]string{"#name": "김순번", "#birth": "1985-03-09", "#digits": "one"} {
		g.Do(chromedp.SetValue(chromedp.CSS(name), value))
	}
	step("line", func() { g.Press(`main button`) })
	g.w.eventually("the link shows the call", func() bool {
		if strings.Contains(g.Text(), "It is your turn") {
			return true
		}
		g.Go(w.http.URL + "/line")
		return false
	})
	step("institutions", func() { g.Press(`form[action="/enter"] button`) })
	step("times", func() { g.Press(`.rows a`) })
	sees("Clinic <b>3</b>")
	step("both doses", func() { g.Press(`.times a`) })
	sees("Thursday, 26 August 2021")
	sees("Thursday, 7 October 2021")
	step("confirmation", func() { g.Press(`form[action="/book"] button`) })
	sees("You are booked")
	sees("A-1")
	step("look up", func() { g.Press(`nav a[href="/bookings"]`) })
	g.Press(`a[href="/institutions?change=A-1"]`)
	g.Press(`.rows a`)
	g.Press(`.times a`)
	step("change", func() { g.Press(`form[action$="/change"] button`) })
	sees("Your booking is changed")
	g.Press(`a[href="/bookings/A-1/cancel"]`)
	sees("Cancel this booking?")
	w.was.set(func() { w.was.none = true })
	step("cancel", func() { g.Press(`form[action$="/cancel"] button`) })
	sees("Your booking is cancelled")
	if at := browsertest.Eval[string](g.Browser, "location.pathname"); at != "/bookings" {
		g.t.Errorf("ends at %s", at)
	}
	g.Press(`footer button`)
	sees("Identify yourself")
}
