package telemetry

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// evaluateEvery is how often rules without an interval of their own are
// evaluated.
const evaluateEvery = 5 * time.Second

// ruleFiles loads rules from a file system, such as one embedded in the binary.
type ruleFiles struct{ fs.FS }

// Load parses one file, as strictly as promtool.
func (r ruleFiles) Load(name string, ignoreUnknownFields bool) (*rulefmt.RuleGroups, []error) {
	content, err := fs.ReadFile(r.FS, name)
	if err != nil {
		return nil, []error{fmt.Errorf("read rules: %w", err)}
	}
	groups, errs := rulefmt.Parse(content, ignoreUnknownFields)
	for i := range errs {
		errs[i] = fmt.Errorf("%s: %w", name, errs[i])
	}
	return groups, errs
}

// Parse parses a rule's expression.
func (r ruleFiles) Parse(expression string) (parser.Expr, error) {
	return parser.ParseExpr(expression)
}

func (e *Engine) loadRules(files fs.FS, externalURL string) error {
	names, err := fs.Glob(files, "*.yml")
	if err != nil {
		return fmt.Errorf("list rules: %w", err)
	}
	if len(names) == 0 {
		return errors.New("no rule files (*.yml) found")
	}
	if err := e.rules.Update(evaluateEvery, names, labels.EmptyLabels(), externalURL, nil); err != nil {
		return fmt.Errorf("load rules: %w", err)
	}
	return nil
}
