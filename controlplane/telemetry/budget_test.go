package telemetry_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"sunbeon/controlplane/telemetry"
	"sunbeon/internal/pki"
)

// A process that tells other labels with every scrape, and one that tells more of
// them than anybody could want: the node keeps a bounded number of series, what
// the first one told before is still measured, and nobody else notices.
func TestExplodingLabelsAreBounded(t *testing.T) {
	dir := t.TempDir()
	if err := pki.Ensure(dir, time.Now()); err != nil {
		t.Fatal(err)
	}
	identity, err := pki.Load(dir, "was")
	if err != nil {
		t.Fatal(err)
	}
	serve := func(write func(http.ResponseWriter)) string {
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/plain; version=0.0.4")
			write(w)
		}))
		server.TLS = identity.RequireTLS()
		server.StartTLS()
		t.Cleanup(server.Close)
		return strings.TrimPrefix(server.URL, "https://")
	}
	scrapes := 0
	changing := serve(func(w http.ResponseWriter) {
		scrapes++
		fmt.Fprintf(w, "steady %d\n", scrapes)
		for i := range 4000 {
			fmt.Fprintf(w, "bad{person=\"%d-%d\"} 1\n", scrapes, i)
		}
	})
	huge := serve(func(w http.ResponseWriter) {
		for i := range 200_000 {
			fmt.Fprintf(w, "huge{person=\"%d\"} 1\n", i)
		}
	})
	sound, _ := process(t, dir)
	engine := start(t, dir)
	if err := engine.Lead(true); err != nil {
		t.Fatal(err)
	}
	if err := engine.Scrape(t.Context(), []telemetry.Target{
		{Kind: "was", Instance: "changing", Address: changing},
		{Kind: "was", Instance: "huge", Address: huge},
		{Kind: "was", Instance: "sound", Address: strings.TrimPrefix(sound.URL, "https://")},
	}); err != nil {
		t.Fatal(err)
	}
	value := func(query string) float64 {
		v, err := engine.Query(t.Context(), query, time.Now())
		if err != nil || len(v) == 0 {
			return -1
		}
		return v[0].F
	}
	eventually(t, "five scrapes of the one that changes", func() bool { return value(`steady{instance="changing"}`) >= 5 })
	eventually(t, "one scrape of the huge one", func() bool { return value(`up{instance="huge"}`) >= 0 })
	if n := value(`count(count_over_time(bad[1m]))`); n < 8000 || n > 10_000 {
		t.Errorf("%v series of the one that changes, want what its account held, below 10,000", n)
	}
	if n := value(`count(count_over_time(huge[1m]))`); n > 0 {
		t.Errorf("%v series of the one with 200,000", n)
	}
	for instance, want := range map[string]float64{"changing": 1, "huge": 0, "sound": 1} {
		if got := value(`up{instance="` + instance + `"}`); got != want {
			t.Errorf("up of %s is %v, want %v", instance, got, want)
		}
	}
	if age := value(`time() - timestamp(sunbeon_breaker_open{instance="sound"})`); age < 0 || age > 5 {
		t.Errorf("the sound one was measured %v s ago", age)
	}
}
