package alerts_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"

	"sunbeon/runbooks"
)

// foreign are the series that Prometheus and its client library make.
var foreign = map[string]bool{
	"up": true, "ALERTS": true,
	"process_start_time_seconds": true, "process_cpu_seconds_total": true, "process_resident_memory_bytes": true,
}

var (
	metricName = regexp.MustCompile(`^(sunbeon|http_server)_[a-z_]+$`)
	// family strips what a histogram appends to its name.
	family = regexp.MustCompile(`_(bucket|sum|count)$`)
)

// registered are the string constants of the processes' source that could name
// a metric, and all others, which could name a label.
func registered(t *testing.T) (metrics, words map[string]bool) {
	t.Helper()
	metrics, words = map[string]bool{}, map[string]bool{}
	for _, half := range []string{"../controlplane", "../reservation", "../internal"} {
		err := filepath.WalkDir(half, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
			if err != nil {
				return err
			}
			ast.Inspect(file, func(node ast.Node) bool {
				if literal, ok := node.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					if text, err := strconv.Unquote(literal.Value); err == nil {
						words[text] = true
						if metricName.MatchString(text) {
							metrics[text] = true
						}
					}
				}
				return true
			})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if len(metrics) < 20 {
		t.Fatalf("only %d metrics found in the source", len(metrics))
	}
	return metrics, words
}

// TestEveryMetricExists asks of every series named in an alert, a panel or a
// runbook that some process registers it, with the labels that are asked for.
func TestEveryMetricExists(t *testing.T) {
	metrics, words := registered(t)
	check := func(where, expression string) {
		for _, s := range selectors(t, expression) {
			if !foreign[s.Name] && !metrics[s.Name] && !metrics[family.ReplaceAllString(s.Name, "")] {
				t.Errorf("%s asks for %s, which nothing registers", where, s.Name)
			}
			for _, m := range s.LabelMatchers {
				switch m.Name {
				case labels.MetricName, "job", "instance", "alertname", "alertstate", "severity":
				default:
					if !words[m.Name] {
						t.Errorf("%s asks for the label %s, which nothing sets", where, m.Name)
					}
				}
			}
		}
	}
	for _, rule := range alertingRules(t) {
		check("alert "+rule.Alert, rule.Expr)
	}
	for path, p := range panels(t) {
		for _, target := range p.Targets {
			check("panel "+path, target.Expr)
		}
	}
	for _, name := range runbooks.Names() {
		page, err := runbooks.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, step := range page.Steps() {
			if step.Kind == runbooks.Query {
				check("runbook "+name, step.Line)
			}
		}
	}
}
