package alerts_test

import (
	"io/fs"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/common/promslog"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/promql/promqltest"
	"github.com/prometheus/prometheus/rules"

	"sunbeon/alerts"
)

// evaluateEvery is the interval that the rule files ask for.
const evaluateEvery = 5 * time.Second

// embedded loads the rule files from the binary, as the control plane does.
type embedded struct{}

func (embedded) Load(name string, strictly bool) (*rulefmt.RuleGroups, []error) {
	content, err := fs.ReadFile(alerts.Files, name)
	if err != nil {
		return nil, []error{err}
	}
	return rulefmt.Parse(content, strictly)
}

func (embedded) Parse(expression string) (parser.Expr, error) { return parser.ParseExpr(expression) }

func ruleFiles(t *testing.T) []string {
	t.Helper()
	names, err := fs.Glob(alerts.Files, "*.yml")
	if err != nil || len(names) == 0 {
		t.Fatalf("rule files: %v, %v", names, err)
	}
	return names
}

// alertingRules are all rules of the files, in their order.
func alertingRules(t *testing.T) []rulefmt.Rule {
	t.Helper()
	var all []rulefmt.Rule
	for _, name := range ruleFiles(t) {
		groups, errs := embedded{}.Load(name, false)
		if len(errs) > 0 {
			t.Fatalf("%s: %v", name, errs)
		}
		for _, group := range groups.Groups {
			if time.Duration(group.Interval) != evaluateEvery {
				t.Errorf("%s: group %s is evaluated every %s", name, group.Name, group.Interval)
			}
			all = append(all, group.Rules...)
		}
	}
	return all
}

// replay evaluates the rules every five seconds over series written in
// Prometheus' test notation, one sample a second, and tells at each evaluation
// which alerts of that name fire.
func replay(t *testing.T, alert string, series []string, until time.Duration, seen func(time.Duration, []*rules.Alert)) {
	t.Helper()
	suite, err := promqltest.NewLazyLoader("load 1s\n  "+strings.Join(series, "\n  "),
		promqltest.LazyLoaderOpts{EnableAtModifier: true, EnableNegativeOffset: true})
	if err != nil {
		t.Fatal(err)
	}
	defer suite.Close()
	manager := rules.NewManager(&rules.ManagerOptions{
		QueryFunc:  rules.EngineQueryFunc(suite.QueryEngine(), suite.Storage()),
		Appendable: suite.Storage(), Queryable: suite.Storage(),
		Context: t.Context(), Logger: promslog.NewNopLogger(), GroupLoader: embedded{},
	})
	groups, errs := manager.LoadGroups(evaluateEvery, labels.EmptyLabels(), "", nil, false, ruleFiles(t)...)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	var watched []*rules.AlertingRule
	for _, group := range groups {
		for _, rule := range group.Rules() {
			if alerting, ok := rule.(*rules.AlertingRule); ok && rule.Name() == alert {
				watched = append(watched, alerting)
			}
		}
	}
	query := rules.EngineQueryFunc(suite.QueryEngine(), suite.Storage())
	for at := time.Duration(0); at <= until; at += evaluateEvery {
		now := time.Unix(0, 0).Add(at)
		suite.WithSamplesTill(now, func(err error) {
			if err != nil {
				t.Fatal(err)
			}
		})
		var firing []*rules.Alert
		for _, rule := range watched {
			if _, err := rule.Eval(t.Context(), 0, now, query, &url.URL{}, 0); err != nil {
				t.Fatalf("%s after %v: %v", alert, at, err)
			}
			for _, a := range rule.ActiveAlerts() {
				if a.State == rules.StateFiring {
					firing = append(firing, a)
				}
			}
		}
		seen(at, firing)
	}
}

// shown is an alert as the stories name it: the labels that tell one from
// another, in order.
func shown(list []*rules.Alert) string {
	names := make([]string, 0, len(list))
	for _, a := range list {
		b := labels.NewBuilder(a.Labels).Del(labels.AlertName)
		names = append(names, b.Labels().String())
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// wellWritten checks the text of a firing alert.
func wellWritten(t *testing.T, a *rules.Alert) {
	t.Helper()
	a.Annotations.Range(func(l labels.Label) {
		if strings.Contains(l.Value, "{{") || strings.Contains(l.Value, "<error") || strings.Contains(l.Value, "<no value>") {
			t.Errorf("%s: %s reads %q", a.Labels.Get(labels.AlertName), l.Name, l.Value)
		}
	})
}
