package statuspage_test

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/statuspage"
	"sunbeon/internal/browsertest"
)

// maxWeight bounds the page with everything it needs, in bytes over the wire.
const maxWeight = 30_000

// serve serves the page of a node until the test ends.
func serve(t *testing.T, n *node, at func() time.Time) string {
	t.Helper()
	page, err := statuspage.New(n, at)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	page.Mount(mux)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

func TestStatusIsForEverybody(t *testing.T) {
	b := browsertest.Open(t)
	look := func(name string, n *node) {
		t.Helper()
		url := serve(t, n, func() time.Time { return now })
		for _, language := range []string{"ko", "en"} {
			b.Go(url + "/?lang=" + language)
			if weight := b.Weight(); weight > maxWeight {
				t.Errorf("%s weighs %d bytes", name, weight)
			}
			for _, size := range []browsertest.Size{browsertest.Phone, browsertest.Desktop, browsertest.Zoomed} {
				b.Resize(size)
				view := "status-" + name + "-" + language + "-" + size.Name
				b.CheckReflow(view)
				if size != browsertest.Zoomed {
					b.Shoot(view)
					b.Check(view, language)
				}
			}
		}
	}
	look("open", &node{plan: evening()})
	look("unknown", &node{plan: evening(), age: time.Hour})
	look("empty", &node{plan: plan.New()})
	held := evening()
	held.Holds = map[string]plan.Hold{plan.All: {}}
	held.Instances = nil
	look("paused", &node{plan: held})
}

// The page keeps up by itself and stops when told to.
func TestStatusKeepsUpUntilToldNotTo(t *testing.T) {
	b := browsertest.Open(t)
	n := &node{plan: evening()}
	b.Go(serve(t, n, time.Now) + "/?lang=en")
	since := browsertest.Eval[string](b, `document.querySelector(".asof").textContent`)
	b.Await(`document.querySelector(".asof").textContent !== ` + "`" + since + "`")
	b.Do(chromedp.Click(chromedp.CSS("#refresh")))
	if pressed := browsertest.Eval[string](b, `document.getElementById("refresh").ariaPressed`); pressed != "false" {
		t.Errorf("told to stop, the button is pressed: %s", pressed)
	}
	since = browsertest.Eval[string](b, `document.querySelector(".asof").textContent`)
	time.Sleep(6 * time.Second)
	if later := browsertest.Eval[string](b, `document.querySelector(".asof").textContent`); later != since {
		t.Error("goes on when told not to")
	}
}
