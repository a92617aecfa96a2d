package alerts_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/promql/parser"

	"sunbeon/dashboards"
	"sunbeon/runbooks"
)

// panel is what is needed of a Grafana panel.
type panel struct {
	ID      int    `json:"id"`
	Title   string `json:"title"`
	Targets []struct {
		Expr string `json:"expr"`
	} `json:"targets"`
}

// panels reads all panels by the path an alert names them with.
func panels(t *testing.T) map[string]panel {
	t.Helper()
	files, err := fs.Glob(dashboards.Files, "*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("dashboards: %v, %v", files, err)
	}
	found := map[string]panel{}
	for _, file := range files {
		content, err := fs.ReadFile(dashboards.Files, file)
		if err != nil {
			t.Fatal(err)
		}
		var dashboard struct {
			UID    string  `json:"uid"`
			Panels []panel `json:"panels"`
		}
		if err := json.Unmarshal(content, &dashboard); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		for _, p := range dashboard.Panels {
			path := fmt.Sprintf("/d/%s?viewPanel=%d", dashboard.UID, p.ID)
			if _, twice := found[path]; twice {
				t.Errorf("%s: panel %d is there twice", file, p.ID)
			}
			found[path] = p
		}
	}
	return found
}

// selectors are the series an expression asks for. Grafana's variables get
// values that parse.
func selectors(t *testing.T, expression string) []*parser.VectorSelector {
	t.Helper()
	expression = strings.NewReplacer("$__rate_interval", "20s", "$cohort", ".+").Replace(expression)
	parsed, err := parser.ParseExpr(expression)
	if err != nil {
		t.Fatalf("%s: %v", expression, err)
	}
	var list []*parser.VectorSelector
	parser.Inspect(parsed, func(node parser.Node, path []parser.Node) error {
		switch n := node.(type) {
		case *parser.VectorSelector:
			list = append(list, n)
		case *parser.MatrixSelector:
			if n.Range < 10*time.Second {
				t.Errorf("%s: a range of %v; 10 s is the least on which Prometheus 2 and 3 agree", expression, n.Range)
			}
		}
		return nil
	})
	return list
}

func names(list []*parser.VectorSelector) []string {
	var all []string
	for _, s := range list {
		all = append(all, s.Name)
	}
	return all
}

func TestEveryAlertLeadsSomewhere(t *testing.T) {
	shown := panels(t)
	for _, rule := range alertingRules(t) {
		if !slices.Contains([]string{"page", "warn", "none"}, rule.Labels["severity"]) {
			t.Errorf("%s: severity %q", rule.Alert, rule.Labels["severity"])
		}
		for _, name := range []string{"summary", "summary_ko", "description", "description_ko"} {
			if rule.Annotations[name] == "" {
				t.Errorf("%s has no %s", rule.Alert, name)
			}
		}
		if want := "runbooks/" + rule.Alert + ".md"; rule.Annotations["runbook"] != want {
			t.Errorf("%s: runbook %q, want %q", rule.Alert, rule.Annotations["runbook"], want)
		}
		if _, err := runbooks.Open(rule.Alert); err != nil {
			t.Error(err)
		}
		p, ok := shown[rule.Annotations["dashboard"]]
		if !ok {
			t.Errorf("%s: no panel %q", rule.Alert, rule.Annotations["dashboard"])
			continue
		}
		asked := names(selectors(t, rule.Expr))
		related := rule.Labels["severity"] == "none"
		for _, target := range p.Targets {
			for _, name := range names(selectors(t, target.Expr)) {
				related = related || slices.Contains(asked, name)
			}
		}
		if !related {
			t.Errorf("%s: panel %q shows nothing that the alert asks for", rule.Alert, p.Title)
		}
	}
}

func TestEveryRunbookHasItsAlert(t *testing.T) {
	known := map[string]bool{"README": true}
	for _, rule := range alertingRules(t) {
		known[rule.Alert] = true
	}
	for _, name := range runbooks.Names() {
		if !known[name] {
			t.Errorf("runbook %s: no such alert", name)
		}
	}
}
