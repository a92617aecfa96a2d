package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/steering"
)

func (t *ctl) why() *cobra.Command {
	var at, language, actuator string
	cmd := &cobra.Command{
		Use:   "why",
		Short: "Tell in plain sentences what led to the present rate",
		Long: `Tell in plain sentences which decisions led to what an actuator does: the one in
force first, with what it was taken from, then those before it, and what came of
them. The plan keeps the last 1,024 decisions.`,
		Example: `  sunbeon ctl why
  sunbeon ctl why --at 20:14:30 --lang ko
  sunbeon ctl why --actuator replicas`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			when, err := momentOf(at, time.Now())
			if err != nil {
				return usageError{err}
			}
			if language != "ko" && language != "en" {
				return usageError{fmt.Errorf("--lang %q: use ko or en", language)}
			}
			if actuator != steering.ActuatorAdmission && actuator != steering.ActuatorReplicas && actuator != steering.ActuatorCohort {
				return usageError{fmt.Errorf("--actuator %q: use admission, replicas or cohort", actuator)}
			}
			decisions, err := t.steered(cmd)
			if err != nil {
				return err
			}
			told := steering.Why(decisions, actuator, when.UnixMilli(), language, time.Local)
			if t.json {
				return t.print(cmd, map[string]any{"at_ms": when.UnixMilli(), "actuator": actuator, "why": told})
			}
			_, err = fmt.Fprint(cmd.OutOrStdout(), told)
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&at, "at", "", "`time` to explain, as 20:14:30, the last time it was that, or in RFC 3339; now if empty")
	f.StringVar(&language, "lang", "en", "ko or en")
	f.StringVar(&actuator, "actuator", steering.ActuatorAdmission, "admission, replicas or cohort")
	return cmd
}

// steered reads the decisions that the steering took, oldest first.
func (t *ctl) steered(cmd *cobra.Command) ([]steering.Decision, error) {
	var kept opsapi.Decisions
	if err := t.read(cmd, "/v1/decisions?limit=1000", &kept); err != nil {
		return nil, err
	}
	slices.SortFunc(kept.Decisions, func(a, b plan.Decision) int { return cmp.Compare(a.Index, b.Index) })
	var decisions []steering.Decision
	for _, k := range kept.Decisions {
		var d steering.Decision
		if json.Unmarshal(k.Record, &d) == nil && d.Actuator != "" {
			decisions = append(decisions, d)
		}
	}
	return decisions, nil
}

// momentOf reads the last time the clock showed text, or a time with its date. Of
// what is still to come there is nothing to tell.
func momentOf(text string, now time.Time) (time.Time, error) {
	if text == "" {
		return now, nil
	}
	if at, err := time.Parse(time.RFC3339, text); err == nil {
		if at.After(now) {
			return at, fmt.Errorf("--at %s is still to come", text)
		}
		return at, nil
	}
	clock, err := time.Parse(time.TimeOnly, text)
	if err != nil {
		return time.Time{}, errors.New("--at: use a time like 20:14:30, or one in RFC 3339")
	}
	year, month, day := now.Date()
	at := time.Date(year, month, day, clock.Hour(), clock.Minute(), clock.Second(), 0, now.Location())
	if at.After(now) { // shortly after midnight, yesterday's evening is meant
		at = at.AddDate(0, 0, -1)
	}
	return at, nil
}
