package gate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/waitingroom"
)

// view is the plan as the handlers read it. It is immutable.
type view struct {
	plan *plan.Plan
	// lines are in the order their cohorts open; byID has them by cohort.
	lines []*line
	byID  map[string]*line
}

// line is one cohort with its room.
type line struct {
	cohort   plan.Cohort
	room     *waitingroom.Room
	document *document
	// quoted is the cohort's name as JSON, and tickets counts its places: both
	// are needed for every join.
	quoted  []byte
	tickets prometheus.Counter
}

func newView(p *plan.Plan, lines []*line) *view {
	slices.SortFunc(lines, func(a, b *line) int {
		return cmp.Or(cmp.Compare(a.cohort.OpenMS, b.cohort.OpenMS), strings.Compare(a.cohort.ID, b.cohort.ID))
	})
	v := &view{plan: p, lines: lines, byID: make(map[string]*line, len(lines))}
	for _, l := range lines {
		v.byID[l.cohort.ID] = l
	}
	return v
}

// lines are those of the newest view; none before the first.
func (g *Gate) lines() []*line {
	if v := g.view.Load(); v != nil {
		return v.lines
	}
	return nil
}

// lineFor returns the line a person born on birth belongs to: of those whose
// cohort fits the one that is going on, else the next to come, else the last
// one closed; nil when none fits.
func (v *view) lineFor(birth string) *line {
	var best *line
	for _, l := range v.lines {
		if !eligible(l.cohort, birth) {
			continue
		}
		// Of two that closed the later one counts, of others the earlier.
		if best == nil || urgency(l.cohort.Phase) < urgency(best.cohort.Phase) ||
			l.cohort.Phase == plan.Closed && best.cohort.Phase == plan.Closed {
			best = l
		}
	}
	return best
}

func urgency(p plan.Phase) int {
	switch p {
	case plan.Scheduled:
		return 1
	case plan.Closed:
		return 2
	}
	return 0
}

// eligible reports whether a cohort is for people born on birth, YYYY-MM-DD.
func eligible(c plan.Cohort, birth string) bool {
	if _, err := time.Parse(time.DateOnly, birth); err != nil {
		return false
	}
	// Dates in this form order as text.
	if birth < c.BirthFrom || birth > c.BirthTo {
		return false
	}
	return len(c.LastDigits) == 0 || slices.Contains(c.LastDigits, int(birth[len(birth)-1]-'0'))
}
