package cli

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"sunbeon/controlplane/loop"
	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/steering"
	"sunbeon/controlplane/twin"
)

// rehearsal is `sunbeon simulate --live`.
type rehearsal struct {
	live       bool
	operator   operatorFlags
	cohort     string
	expect     float64
	expectOver time.Duration
	whatIf     []string
	language   string
}

func (r *rehearsal) bind(flags *pflag.FlagSet) {
	// Where the system is, and as whom to ask, is told as to ctl.
	flags.BoolVar(&r.live, "live", false, "rehearse the cohort of a running system with the capacities its steering believes in")
	r.operator.bind(flags)
	flags.StringVar(&r.cohort, "cohort", "", "with --live, `ID` of the cohort; the next that is not closed if empty")
	flags.Float64Var(&r.expect, "expect", 0, "with --live, how many `people` will still come")
	flags.DurationVar(&r.expectOver, "expect-over", 30*time.Minute, "with --live, time in which they come, most at once")
	flags.StringVar(&r.language, "lang", "en", "with --live, ko or en")
	flags.StringSliceVar(&r.whatIf, "what-if", nil, "with --live, `resource=factor` to try, such as stock=0.5, or stock=0 for one that answers nothing; each backend at half, and what answers nothing now at what it has proved, if none is given")
}

// rehearsed is the answer as JSON.
type rehearsed struct {
	Cohort    string             `json:"cohort"`
	OpenMS    int64              `json:"open_ms"`
	Waiting   float64            `json:"waiting"`
	Inside    float64            `json:"inside"`
	Expected  float64            `json:"expected"`
	Knowledge steering.Knowledge `json:"knowledge"`
	Answers   []twin.Answer      `json:"answers"`
}

func (r *rehearsal) run(cmd *cobra.Command, asJSON bool) error {
	if r.expect < 0 || r.expectOver <= 0 {
		return usageError{errors.New("--expect and --expect-over must not be negative")}
	}
	words, ok := rehearsalWords[r.language]
	if !ok {
		return usageError{fmt.Errorf("--lang %q: use ko or en", r.language)}
	}
	changes, err := changesOf(r.whatIf)
	if err != nil {
		return usageError{err}
	}
	c, err := r.operator.client()
	if err != nil {
		return err
	}
	var document opsapi.Document
	if err := c.Call(cmd.Context(), http.MethodGet, "/v1/plan", "", nil, &document); err != nil {
		if errors.Is(err, plan.ErrRetryable) {
			err = fmt.Errorf("no control-plane node answers; is the system running? %w", err)
		}
		return fmt.Errorf("read the plan: %w", err)
	}
	now := time.Now()
	cohort, err := r.choose(document.Cohorts)
	if err != nil {
		return err
	}
	tonight, err := tonightOf(document, cohort, now)
	if err != nil {
		return err
	}
	if r.expect > 0 {
		tonight.Expected, tonight.ExpectedS = r.expect, r.expectOver.Seconds()
	}
	if len(r.whatIf) == 0 {
		for _, known := range tonight.Knowledge.Resources {
			factor := 0.5
			if twin.Dark(known) { // it answers nothing at present: once it is back
				factor = 1
			}
			if known.Kind == steering.KindBackend {
				changes = append(changes, &twin.WhatIf{Resource: known.Name, Factor: factor})
			}
		}
	}
	answer := rehearsed{
		Cohort: cohort.ID, OpenMS: max(cohort.OpenMS, now.UnixMilli()),
		Waiting: tonight.Waiting, Inside: tonight.Inside, Expected: tonight.Expected, Knowledge: tonight.Knowledge,
	}
	progress := progressOn(cmd.ErrOrStderr())
	changes = append([]*twin.WhatIf{nil}, changes...)
	for i, change := range changes {
		a, err := twin.Rehearse(cmd.Context(), tonight, change, func(share float64) {
			progress.show(words.playing, words.name(change), i+1, len(changes), int(100*share))
		})
		if err != nil {
			progress.clear()
			return err
		}
		answer.Answers = append(answer.Answers, a)
	}
	progress.clear()
	if asJSON {
		raw, err := json.Marshal(answer)
		if err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), raw)
	}
	answer.print(cmd.OutOrStdout(), words)
	return nil
}

func changesOf(list []string) ([]*twin.WhatIf, error) {
	var changes []*twin.WhatIf
	for _, text := range list {
		name, number, ok := strings.Cut(text, "=")
		factor, err := strconv.ParseFloat(number, 64)
		if !ok || name == "" || err != nil || !(factor == 0 || factor >= 0.001 && factor <= 100) {
			return nil, fmt.Errorf("--what-if %q: write it as stock=0.5, a share of 0.001 to 100, or as stock=0", text)
		}
		changes = append(changes, &twin.WhatIf{Resource: name, Factor: factor})
	}
	return changes, nil
}

// choose takes the cohort named, or the next that has not closed.
func (r *rehearsal) choose(cohorts map[string]plan.Cohort) (plan.Cohort, error) {
	if r.cohort != "" {
		c, ok := cohorts[r.cohort]
		if !ok {
			return c, fmt.Errorf("there is no cohort %q; there are %s", r.cohort, strings.Join(slices.Sorted(maps.Keys(cohorts)), ", "))
		}
		return c, nil
	}
	var list []plan.Cohort
	for _, c := range cohorts {
		if c.Phase != plan.Closed {
			list = append(list, c)
		}
	}
	if len(list) == 0 {
		return plan.Cohort{}, errors.New("no cohort is open or still to come")
	}
	return slices.MinFunc(list, func(a, b plan.Cohort) int {
		return cmp.Or(cmp.Compare(a.OpenMS, b.OpenMS), cmp.Compare(a.ID, b.ID))
	}), nil
}

// tonightOf gathers what the plan knows of a cohort's evening.
func tonightOf(document opsapi.Document, cohort plan.Cohort, now time.Time) (twin.Tonight, error) {
	var cfg steering.Config
	var state steering.State
	kept, ok := document.Controllers[loop.Configuration]
	if !ok {
		return twin.Tonight{}, errors.New("the control plane does not steer (--steer=false), so it knows no capacities to rehearse with")
	}
	if err := json.Unmarshal(kept.State, &cfg); err != nil {
		return twin.Tonight{}, fmt.Errorf("the steering's configuration in the plan: %w", err)
	}
	if kept, ok := document.Controllers[loop.Controller]; ok {
		if err := json.Unmarshal(kept.State, &state); err != nil {
			return twin.Tonight{}, fmt.Errorf("the steering's state in the plan: %w", err)
		}
	}
	line := (&plan.Plan{Lines: document.Lines}).LineOf(cohort.ID)
	called := min(document.Segments[cohort.ID].Current.At(now.UnixMilli()), line.Issued)
	a, r := document.Admission, document.Replicas
	rate := a.RateMilli
	if cohort.Phase == plan.Open {
		rate = document.Segments[cohort.ID].Current.RateAt(now.UnixMilli())
	}
	tonight := twin.Tonight{
		Name: cohort.ID, Waiting: float64(line.Issued - called + line.Asking), Inside: float64(line.Sessions), PeriodS: float64(cfg.PeriodMS) / 1000,
		Replicas: twin.Replicas{
			Start: max(r.Desired, r.Min, 1), Min: max(r.Min, 1), Max: max(r.Max, r.Desired, 1),
			ColdStart: twin.Duration(float64(cfg.Replicas.ColdStartMS) / 1000),
		},
		Rate: float64(rate) / 1000, RateMax: float64(a.MaxMilli) / 1000, Floor: float64(a.FloorMilli) / 1000,
		Knowledge: steering.Know(cfg, state),
	}
	if cohort.Phase == plan.Open && state.NowMS > 0 {
		tonight.Going = &twin.Going{Config: cfg, State: state}
	}
	return tonight, nil
}
