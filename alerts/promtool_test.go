package alerts_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
)

// promtool returns the path of the stock tool, which cannot be imported.
func promtool(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("promtool")
	switch {
	case err == nil:
		return path
	case os.Getenv("CI") == "true":
		t.Fatal("promtool is not installed (Debian package prometheus); CI must not go without")
	default:
		t.Skip("SKIPPED: promtool is not installed (Debian package prometheus), so the rules were not tried in a stock Prometheus")
	}
	return ""
}

func rulePaths(t *testing.T) []string {
	t.Helper()
	var paths []string
	for _, name := range ruleFiles(t) {
		path, err := filepath.Abs(name)
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, path)
	}
	return paths
}

func TestPromtoolAcceptsTheRules(t *testing.T) {
	arguments := append([]string{"check", "rules"}, rulePaths(t)...)
	if out, err := exec.Command(promtool(t), arguments...).CombinedOutput(); err != nil {
		t.Errorf("promtool check rules: %v\n%s", err, out)
	}
}

// bare writes the rules of one alert without their texts, whose numbers may
// differ in the last digit between versions. JSON is YAML.
func bare(t *testing.T, path, alert string) {
	t.Helper()
	list := []any{}
	for _, rule := range alertingRules(t) {
		if rule.Alert == alert {
			list = append(list, map[string]any{
				"alert": rule.Alert, "expr": rule.Expr, "for": rule.For.String(), "labels": rule.Labels,
			})
		}
	}
	writeJSON(t, path, map[string]any{"groups": []any{map[string]any{"name": alert, "rules": list}}})
}

func writeJSON(t *testing.T, path string, document any) {
	t.Helper()
	content, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestPromtoolTellsTheSameStories has the stock Prometheus of this machine
// evaluate the stories: what fires must be what fires in the embedded one,
// whatever its version.
func TestPromtoolTellsTheSameStories(t *testing.T) {
	tool := promtool(t)
	tests := map[string][]any{} // by alert
	for _, s := range stories {
		var series, moments []any
		for _, line := range s.series {
			name, values, ok := strings.Cut(line, "} ")
			if !ok {
				t.Fatalf("no labels in %q", line)
			}
			series = append(series, map[string]any{"series": name + "}", "values": values})
		}
		for second, want := range s.want {
			expected := []any{}
			for _, one := range strings.SplitAfter(want, "}") {
				if one == "" {
					continue
				}
				set, err := parser.ParseMetric(one)
				if err != nil {
					t.Fatalf("%s: %v", s.name, err)
				}
				expected = append(expected, map[string]any{"exp_labels": set.Map()})
			}
			moments = append(moments, map[string]any{
				"eval_time": fmt.Sprintf("%ds", second), "alertname": s.alert, "exp_alerts": expected,
			})
		}
		tests[s.alert] = append(tests[s.alert], map[string]any{
			"name": s.alert + ": " + s.name, "interval": "1s", "input_series": series, "alert_rule_test": moments,
		})
	}
	dir, arguments := t.TempDir(), []string{"test", "rules"}
	for alert, told := range tests {
		rules := alert + ".rules.yml"
		bare(t, filepath.Join(dir, rules), alert)
		path := filepath.Join(dir, alert+".test.yml")
		writeJSON(t, path, map[string]any{
			"rule_files": []string{rules}, "evaluation_interval": evaluateEvery.String(), "tests": told,
		})
		arguments = append(arguments, path)
	}
	if out, err := exec.Command(tool, arguments...).CombinedOutput(); err != nil {
		t.Errorf("promtool test rules: %v\n%s", err, out)
	}
}
