package statuspage_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/statuspage"
	"sunbeon/internal/serving"
)

// eight is eight in the evening in Korea.
var eight = time.Date(2021, 7, 19, 20, 0, 0, 0, time.FixedZone("KST", 9*60*60))

// node is a copy of the plan that stopped hearing from its leader age ago.
type node struct {
	plan *plan.Plan
	age  time.Duration
}

func (n *node) Plan() (*plan.Plan, uint64)   { return n.plan, n.plan.Index }
func (n *node) LeaderContact() time.Duration { return n.age }

// evening is half a minute after an opening: 100 turns a second, 3,000 called.
func evening() *plan.Plan {
	p := plan.New()
	at := eight.UnixMilli()
	p.Cohorts = map[string]plan.Cohort{"50s": {
		ID: "50s", Name: map[string]string{"ko": "50–52세", "en": "Ages 50–52"}, Phase: plan.Open,
		LobbyMS: at - 3_600_000, OpenMS: at, CloseMS: at + 22*3_600_000,
	}}
	p.Segments = map[string]plan.Segments{"50s": {Current: serving.Segment{
		Cohort: "50s", Number: 1, T0: at, RateMilli: 100_000, Until: at + 40_000, Cap: 1_000_000,
	}}}
	p.Lines = map[string]plan.Line{plan.LineKey("50s", "gate-1"): {Cohort: "50s", Gate: "gate-1", Issued: 603_000, Claimed: 2_500, Booked: 7}}
	p.Instances = map[string]plan.Instance{
		"gate-1": {ID: "gate-1", Kind: plan.KindGate, State: plan.Ready, PrivateURL: "https://10.1.2.3:8801", ReportMS: at + 28_000},
		"was-1":  {ID: "was-1", Kind: plan.KindWAS, State: plan.Ready, PrivateURL: "https://10.1.2.4:8814", ReportMS: at + 28_000},
	}
	p.Replicas.Desired = 2
	return p
}

var now = eight.Add(30 * time.Second)

func TestMakeTellsTheLine(t *testing.T) {
	r := statuspage.Make(evening(), 200*time.Millisecond, now)
	c := r.Cohorts[0]
	if !r.Known || c.Condition != statuspage.Open || *c.Serving != 3_000 || *c.Waiting != 600_000 || *c.PerMinute != 6_000 {
		t.Errorf("report %+v, cohort %+v", r, c)
	}
	if c.Booked != nil {
		t.Errorf("seven bookings are shown as %d; so few point at somebody", *c.Booked)
	}
	// 600,000 people at 100/s take 100 minutes; told as a range around it.
	from, to := time.UnixMilli(c.LastFromMS), time.UnixMilli(c.LastToMS)
	expected := now.Add(100 * time.Minute)
	if !from.Before(expected) || !to.After(expected) || to.Sub(from) > 90*time.Minute {
		t.Errorf("last called between %v and %v, expected about %v", from, to, expected)
	}
	if r.Services[0].Light != statuspage.Normal || r.Services[1].Light != statuspage.Slow {
		t.Errorf("services %+v, want the line normal and booking slow: one of two WAS runs", r.Services)
	}
}

func TestMakeTurnsUnknown(t *testing.T) {
	r := statuspage.Make(evening(), 16*time.Second, now)
	if r.Known {
		t.Error("known after 16 s without a leader")
	}
	for _, s := range r.Services {
		if s.Light != statuspage.Unknown {
			t.Errorf("%s is %s", s.Name, s.Light)
		}
	}
	c := r.Cohorts[0]
	if c.Condition != statuspage.NotKnown || c.Serving != nil || c.Waiting != nil || c.PerMinute != nil || c.LastFromMS != 0 {
		t.Errorf("cohort %+v still tells figures", c)
	}
	if c.OpenMS == 0 {
		t.Error("the timetable is gone with them")
	}
}

func TestMakeDoesNotPromiseWhatStopped(t *testing.T) {
	f := func(name string, change func(*plan.Plan), condition statuspage.Condition, booking statuspage.Light) {
		t.Helper()
		p := evening()
		change(p)
		r := statuspage.Make(p, 0, now)
		if c := r.Cohorts[0]; c.Condition != condition || condition != statuspage.Open && c.LastFromMS != 0 {
			t.Errorf("%s: condition %s, last called from %d; want %s", name, c.Condition, c.LastFromMS, condition)
		}
		if r.Services[1].Light != booking {
			t.Errorf("%s: booking is %s, want %s", name, r.Services[1].Light, booking)
		}
	}
	f("on hold", func(p *plan.Plan) { p.Holds = map[string]plan.Hold{plan.All: {}} }, statuspage.Paused, statuspage.Slow)
	f("paused", func(p *plan.Plan) {
		c := p.Cohorts["50s"]
		c.Phase = plan.Paused
		p.Cohorts["50s"] = c
	}, statuspage.Paused, statuspage.Slow)
	f("WAS silent", func(p *plan.Plan) {
		i := p.Instances["was-1"]
		i.ReportMS -= 60_000
		p.Instances["was-1"] = i
	}, statuspage.Open, statuspage.Down)
	f("all WAS there", func(p *plan.Plan) { p.Replicas.Desired = 1 }, statuspage.Open, statuspage.Normal)
}

func get(t *testing.T, n *node, path, accept string) (*http.Response, string) {
	t.Helper()
	page, err := statuspage.New(n, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	page.Mount(mux)
	req := httptest.NewRequest(http.MethodGet, path, nil)
	req.Header.Set("Accept-Language", accept)
	recorder := httptest.NewRecorder()
	mux.ServeHTTP(recorder, req)
	body, _ := io.ReadAll(recorder.Body)
	return recorder.Result(), string(body)
}

func TestPageSpeaksBothLanguages(t *testing.T) {
	f := func(path, accept, lang string, want ...string) {
		t.Helper()
		resp, body := get(t, &node{plan: evening()}, path, accept)
		if resp.StatusCode != http.StatusOK || resp.Header.Get("Content-Language") != lang {
			t.Fatalf("%s (%s): %s in %q, want %s", path, accept, resp.Status, resp.Header.Get("Content-Language"), lang)
		}
		for _, words := range append(want, `<html lang="`+lang+`">`, "3,000", "600,000", "2021-07-19 20:00:30 KST") {
			if !strings.Contains(body, words) {
				t.Errorf("%s (%s): no %q", path, accept, words)
			}
		}
		if strings.Contains(body, "no value") {
			t.Errorf("%s: a word that is missing", path)
		}
	}
	f("/", "", "ko", "차례로 입장 중", "10명 미만", "50–52세")
	f("/", "de, en-GB;q=0.8", "en", "Calling turns", "fewer than 10", "Ages 50–52", "between 21:20 and 22:31")
	f("/", ";;q=", "ko", "예약 현황")
	f("/?lang=en", "ko-KR", "en", "Booking status")
	f("/?lang=ko", "en", "ko", "예약 현황")
}

func TestPageTurnsUnknownInWords(t *testing.T) {
	_, body := get(t, &node{plan: evening(), age: 3 * time.Minute}, "/?lang=en", "")
	for _, want := range []string{"We do not know how things are right now", "data is 3 min old", "2021-07-19 19:57:30 KST", "Unknown"} {
		if !strings.Contains(body, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, stale := range []string{"3,000", "600,000", "Normal", "Calling turns"} {
		if strings.Contains(body, stale) {
			t.Errorf("still says %q", stale)
		}
	}
}

func TestPageGivesNothingAway(t *testing.T) {
	for _, path := range []string{"/", "/status.json"} {
		_, body := get(t, &node{plan: evening()}, path, "en")
		for _, secret := range []string{"10.1.2.3", "gate-1", "was-1", "8801"} {
			if strings.Contains(body, secret) {
				t.Errorf("%s tells %q", path, secret)
			}
		}
	}
}

// An empty line is not one of which nothing can be said.
func TestPageSaysThatNobodyWaits(t *testing.T) {
	p := evening()
	p.Lines = map[string]plan.Line{plan.LineKey("50s", "gate-1"): {Cohort: "50s", Gate: "gate-1", Issued: 3_000, Claimed: 3_000}}
	if _, body := get(t, &node{plan: p}, "/?lang=en", ""); !strings.Contains(body, "Nobody is waiting: no wait") || strings.Contains(body, "cannot say") {
		t.Error(body)
	}
	p.Holds = map[string]plan.Hold{plan.All: {}}
	if _, body := get(t, &node{plan: p}, "/?lang=en", ""); strings.Contains(body, "no wait") {
		t.Error("no wait while nobody is called")
	}
}

func TestPageIsWellFormed(t *testing.T) {
	_, body := get(t, &node{plan: evening()}, "/?lang=en", "")
	document, err := html.Parse(strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]int{}
	for n := range document.Descendants() {
		if n.Type == html.ElementNode {
			found[n.Data]++
		}
	}
	for _, element := range []string{"title", "main", "h1", "header", "footer", "nav"} {
		if found[element] != 1 {
			t.Errorf("%d <%s>, want one", found[element], element)
		}
	}
}

func TestFeedIsTheSameReport(t *testing.T) {
	resp, body := get(t, &node{plan: evening(), age: time.Second}, "/status.json", "")
	var r statuspage.Report
	if err := json.Unmarshal([]byte(body), &r); err != nil {
		t.Fatal(err)
	}
	if !r.Known || r.AgeMS != 1000 || len(r.Cohorts) != 1 || *r.Cohorts[0].Serving != 3_000 {
		t.Errorf("feed %s", body)
	}
	if resp.Header.Get("Cache-Control") != "public, max-age=2" {
		t.Errorf("Cache-Control %q", resp.Header.Get("Cache-Control"))
	}
}

// What a page costs must not grow with how many look at it.
func TestPageIsWrittenOnceASecond(t *testing.T) {
	at := now
	n := &counting{node: node{plan: evening()}}
	page, err := statuspage.New(n, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	page.Mount(mux)
	ask := func() {
		mux.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	}
	for range 50 {
		ask()
	}
	at = at.Add(time.Second)
	ask()
	if n.reads != 2 {
		t.Errorf("the plan was read %d times for 51 readers in two seconds, want 2", n.reads)
	}
}

type counting struct {
	node
	reads int
}

func (c *counting) Plan() (*plan.Plan, uint64) { c.reads++; return c.node.Plan() }
