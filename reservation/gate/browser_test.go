package gate_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/browsertest"
)

// A citizen's browser comes to the same turn as the gate, from public values
// alone, and finds a receipt that was bent.
func TestBrowserRecomputesOnesOwnTurn(t *testing.T) {
	b := browsertest.Open(t)
	w := newWorld(t)
	w.define("other", func(c *plan.Cohort) { c.BirthFrom, c.BirthTo = "1901-01-01", "1901-12-31" })
	w.define("drawn", drawn)
	people := make([]*person, 11)
	for i := range people {
		people[i] = w.citizen(fmt.Sprint("person ", i))
		people[i].join()
	}
	w.cluster.do(plan.CohortPhase, plan.MovePhase{Cohort: "drawn", Phase: plan.Sealed})
	w.eventually("the draw is made", func() bool { return w.drawnInPlan("drawn") })

	verdicts := func() string {
		return browsertest.Eval[string](b,
			`[...document.querySelectorAll("#results li")].map(l => l.dataset.what + "=" + l.className + l.dataset.value).join(" ")`)
	}
	check := func(query string, steps ...chromedp.Action[chromedp.Void]) string {
		t.Helper()
		b.Go(w.http.URL + "/verify?cohort=drawn" + query)
		b.Do(steps...)
		b.Do(chromedp.WaitVisible(`#results[data-done]`))
		return verdicts()
	}
	for _, p := range people[:4] {
		ticket := p.join()
		want := fmt.Sprintf("commitment=good seed=good turn=good%d", *ticket.Turn)
		if got := check(fmt.Sprint("&seq=", ticket.Seq)); got != want {
			t.Errorf("arrival %d: the browser says %q, want %q", ticket.Seq, got, want)
		}
	}
	for query, want := range map[string]string{"&seq=12": "not_issued=unknown", "&seq=0": "no_seq=bad"} {
		if got := check(query); got != want {
			t.Errorf("%s: the browser says %q, want %q", query, got, want)
		}
	}
	_, ticket := people[5].do(http.MethodGet, "/v1/ticket", "", nil)
	turn := *people[5].join().Turn
	try := func(receipt string) string {
		t.Helper()
		return check("", chromedp.SetValue("#receipt", receipt), chromedp.Click("main button"))
	}
	group := regexp.MustCompile(`"group":(\d+)`).FindStringSubmatch(ticket)[1]
	want := fmt.Sprintf("receipt_path=good%s receipt_signature=good receipt_cohort=gooddrawn commitment=good seed=good turn=good%d", group, turn)
	if got := try(ticket); got != want {
		t.Errorf("an honest receipt: %s, want %s", got, want)
	}
	// Pasted under another cohort, a receipt still tells which it is of.
	b.Go(w.http.URL + "/verify?cohort=other")
	b.Do(chromedp.SetValue("#receipt", ticket), chromedp.Click("main button"), chromedp.WaitVisible(`#results[data-done]`))
	if got := verdicts(); got != want {
		t.Errorf("under another cohort: %s, want %s", got, want)
	}
	bent := strings.Replace(ticket, `"time_s":1`, `"time_s":2`, 1)
	if got := try(bent); !strings.Contains(got, "receipt_signature=bad") {
		t.Errorf("a receipt of another second: %s", got)
	}
}
