package dashboards_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v2"

	"sunbeon/dashboards"
)

// dashboard is what these tests need of Grafana's format.
type dashboard struct {
	UID        string `json:"uid"`
	Title      string `json:"title"`
	Templating struct {
		List []variable `json:"list"`
	} `json:"templating"`
	Annotations struct {
		List []struct {
			Expr string `json:"expr"`
		} `json:"list"`
	} `json:"annotations"`
	Panels []panel `json:"panels"`
}

type variable struct {
	Name  string          `json:"name"`
	Type  string          `json:"type"`
	Query json.RawMessage `json:"query"`
	// Definition repeats the query of a variable of type query.
	Definition string `json:"definition"`
}

type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	GridPos     struct{ H, W, X, Y int }
	Datasource  struct {
		UID string `json:"uid"`
	} `json:"datasource"`
	Targets []struct {
		RefID string `json:"refId"`
		Expr  string `json:"expr"`
	} `json:"targets"`
}

func load(t *testing.T) []dashboard {
	t.Helper()
	files, err := fs.Glob(dashboards.Files, "*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("dashboards: %v, %v", files, err)
	}
	var all []dashboard
	for _, file := range files {
		content, err := fs.ReadFile(dashboards.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		var d dashboard
		if err := json.Unmarshal(content, &d); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		all = append(all, d)
	}
	return all
}

// TestPanelsAreInOrder finds what Grafana would show wrongly without a word.
func TestPanelsAreInOrder(t *testing.T) {
	for _, d := range load(t) {
		taken := map[[2]int]string{}
		named := map[int]string{}
		for _, p := range d.Panels {
			if other, twice := named[p.ID]; twice {
				t.Errorf("%s: panels %q and %q have the same number %d", d.Title, other, p.Title, p.ID)
			}
			named[p.ID] = p.Title
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					if other := taken[[2]int{x, y}]; other != "" || x > 23 {
						t.Fatalf("%s: panel %q lies over %q or the edge", d.Title, p.Title, other)
					}
					taken[[2]int{x, y}] = p.Title
				}
			}
			if p.Type == "row" {
				continue
			}
			if p.Title == "" || p.Description == "" || len(p.Targets) == 0 {
				t.Errorf("%s: panel %d lacks a title, a description or a query", d.Title, p.ID)
			}
			if p.Datasource.UID != "${datasource}" {
				t.Errorf("%s: panel %q asks %q, not the data source chosen above", d.Title, p.Title, p.Datasource.UID)
			}
		}
	}
}

func TestProvisioning(t *testing.T) {
	read := func(path string, into any) {
		t.Helper()
		content, err := fs.ReadFile(dashboards.Files, path)
		if err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(content, into); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	var sources struct {
		Datasources []struct{ UID, Type, URL string }
	}
	read("provisioning/datasources/sunbeon.yaml", &sources)
	if len(sources.Datasources) != 1 || sources.Datasources[0].Type != "prometheus" || sources.Datasources[0].UID != "sunbeon" {
		t.Errorf("data sources %+v", sources)
	}
	var providers struct {
		Providers []struct {
			Type    string
			Options struct{ Path string }
		}
	}
	read("provisioning/dashboards/sunbeon.yaml", &providers)
	if len(providers.Providers) != 1 || providers.Providers[0].Type != "file" || providers.Providers[0].Options.Path == "" {
		t.Errorf("providers %+v", providers)
	}
}

// grafana asks the API as Grafana does.
type grafana struct {
	t   *testing.T
	api http.Handler
}

func (g grafana) ask(path string, form url.Values, into any) {
	g.t.Helper()
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/api/v1/"+path, strings.NewReader(form.Encode()))
	if strings.HasSuffix(path, "/values") {
		r = httptest.NewRequest(http.MethodGet, "/api/v1/"+path+"?"+form.Encode(), nil)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	g.api.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		g.t.Errorf("%s %v: %d %s", path, form, w.Code, w.Body)
		return
	}
	answer := struct {
		Data any `json:"data"`
	}{into}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		g.t.Errorf("%s: %v", path, err)
	}
}

var labelValues = regexp.MustCompile(`^label_values\((.+), *(\w+)\)$`)

// fill gives the dashboard's variables the values that Grafana would offer.
func (g grafana) fill(d dashboard) *strings.Replacer {
	pairs := []string{"$__rate_interval", "20s"} // four scrapes at a follower's pace
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		match := labelValues.FindStringSubmatch(v.Definition)
		if match == nil {
			g.t.Fatalf("variable %s: %q is not of the form that Grafana offers", v.Name, v.Definition)
		}
		var values []string
		g.ask("label/"+match[2]+"/values", url.Values{"match[]": {match[1]}}, &values)
		if len(values) == 0 {
			g.t.Errorf("variable %s: %s has no values", v.Name, v.Definition)
		}
		pairs = append(pairs, "$"+v.Name, "("+strings.Join(values, "|")+")")
	}
	return strings.NewReplacer(pairs...)
}

// numbers counts the points of a range query that can be drawn.
func (g grafana) numbers(query string, from, to time.Time) int {
	g.t.Helper()
	var data struct {
		Result []struct {
			Values [][2]any `json:"values"`
		} `json:"result"`
	}
	g.ask("query_range", url.Values{
		"query": {query}, "step": {"1"},
		"start": {fmt.Sprint(from.Unix())}, "end": {fmt.Sprint(to.Unix())},
	}, &data)
	drawn := 0
	for _, series := range data.Result {
		for _, point := range series.Values {
			if value, _ := point[1].(string); !slices.Contains([]string{"", "NaN", "+Inf", "-Inf"}, value) {
				drawn++
			}
		}
	}
	return drawn
}

// TestEveryPanelShowsARealEvening holds a short evening, records it, and asks
// every query of every dashboard of the recording. A panel that stays empty on
// a real opening is a panel nobody should have to look at during one.
func TestEveryPanelShowsARealEvening(t *testing.T) {
	if testing.Short() {
		t.Skip("holds a real evening of about twenty seconds")
	}
	e := hold(t)
	e.until(t, "the opening", 90*time.Second, func() bool { return e.atLeast("sum(sunbeon_line_called)", 1) })
	e.until(t, "fifty bookings", 90*time.Second, func() bool {
		return e.atLeast(`sum(sunbeon_booking_total{kind="book",outcome="done"})`, 50)
	})
	// Alerts are told of from the third round of the rules on.
	e.until(t, "the watchdog", 30*time.Second, func() bool { return e.atLeast(`ALERTS{alertname="Watchdog"}`, 1) })
	time.Sleep(4 * time.Second) // so that rates have seen the bookings

	g := grafana{t, e.engine.API()}
	for _, d := range load(t) {
		variables := g.fill(d)
		for _, p := range d.Panels {
			for _, target := range p.Targets {
				query := variables.Replace(target.Expr)
				if g.numbers(query, e.began, time.Now()) == 0 {
					t.Errorf("panel %d %q, query %s: nothing to draw\n%s", p.ID, p.Title, target.RefID, query)
				}
			}
		}
	}
}
