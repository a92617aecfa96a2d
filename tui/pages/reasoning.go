package pages

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/steering"
	"sunbeon/tui/components"
	"sunbeon/tui/styles"
)

// reasoning lays a decision's record out: what was measured, what was thought
// of each resource, what each stage wanted, and what it expects to happen.
func reasoning(st styles.Styles, record json.RawMessage, in *time.Location) []string {
	if len(record) == 0 {
		return []string{st.Faint.Render("It left no record.")}
	}
	var d steering.Decision
	if err := json.Unmarshal(record, &d); err != nil || d.Action == "" {
		return []string{st.Faint.Render("Its record is not of a form this program knows:"), string(record)}
	}
	row := func(label, format string, args ...any) string {
		return st.Label.Render(components.Fit(label, 12)) + fmt.Sprintf(format, args...)
	}
	out := []string{row("change", "%s from %.2f to %.2f%s", d.Action, d.From, d.To, notApplied(d))}
	if d.Bottleneck != "" {
		out = append(out, row("bottleneck", "%s", st.Warn.Render(d.Bottleneck)))
	}
	if len(d.Clamps) > 0 {
		out = append(out, row("held by", "%s; without it %.2f", strings.Join(d.Clamps, ", "), d.Unclamped))
	}
	for i, stage := range d.Stages {
		out = append(out, row(first(i, "stages"), "%-22s %10.2f", stage.Name, stage.Value))
	}
	for i, e := range d.Estimates {
		limit := "never limits"
		if e.Limit >= 0 {
			limit = fmt.Sprintf("allows %.1f/s", e.Limit)
		}
		if e.Saturated {
			limit += " (full)"
		}
		out = append(out, row(first(i, "resources"), "%-10s proved %.0f believed %.0f, %.0f%% sure, %s",
			e.Resource, e.Proved, e.Believed, e.Confidence*100, limit))
	}
	for i, e := range d.Inputs {
		out = append(out, row(first(i, "measured"), "%-28s %12.2f  %s old", e.Signal, e.Value,
			figures.Age(time.Duration(e.AgeMS)*time.Millisecond)))
	}
	if p := d.Predicted; p != nil {
		out = append(out, row("expected", "%.1f requests/s at %s from %s to %s", p.Rate, p.Resource,
			figures.Clock(p.FromMS, in), figures.Clock(p.ToMS, in)))
	}
	if d.Measured != nil {
		out = append(out, row("came", "%.1f requests/s; the expectation was decision %d's", *d.Measured, d.Of))
	}
	return out
}

func first(i int, label string) string {
	if i > 0 {
		return ""
	}
	return label
}

// notApplied marks wishes that changed nothing; an outcome never changes
// anything.
func notApplied(d steering.Decision) string {
	if d.Applied || d.Action == steering.ActionOutcome {
		return ""
	}
	return " (not applied)"
}
