package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

func (t *ctl) cohorts() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cohorts",
		Short: "List cohorts; define, approve, open, pause, postpone or close one",
		Long: `A cohort is a group of people who may book together, with a timetable. It goes
from scheduled to lobby (tickets are given), sealed (the lobby's order is drawn),
open (turns are called) and closed; an open one can be paused, which keeps
everyone's place.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list opsapi.Cohorts
			if shown, err := t.get(cmd, "/v1/cohorts", &list); shown || err != nil {
				return err
			}
			return printCohorts(cmd, list)
		},
	}
	cmd.AddCommand(t.showCohort(), t.defineCohort(), t.postponeCohort(), t.returnCohort(), t.drawValue(),
		t.moveCohort("void", "End passes issued and not used; their holders keep their turns", "has its unused passes ended"),
		t.openCohort("approve", "Approve an opening beforehand, once its preflight is green", "approved"),
		t.openCohort("open", "Open a cohort's line now, once its preflight is green", "opened"),
		t.moveCohort("pause", "Stop calling; everyone keeps their place", "paused"),
		t.moveCohort("resume", "Call on from where the line was paused", "resumed"),
		t.moveCohort("close", "End the cohort's evening", "closed"))
	return cmd
}

func printCohorts(cmd *cobra.Command, list opsapi.Cohorts) error {
	now := time.Now()
	rows := [][]string{{"COHORT", "PHASE", "OPENS", "CLOSES", "ISSUED", "SERVING", "WAITING", "CALLED", "CLAIMED", "BOOKED", "RATE"}}
	for _, s := range list.Cohorts {
		rows = append(rows, []string{
			s.Cohort.ID, phaseWord(s), figures.Moment(s.Cohort.OpenMS, now, time.Local), figures.Moment(s.Cohort.CloseMS, now, time.Local),
			figures.Count(s.Issued), figures.Count(s.Serving), figures.Count(s.Waiting), figures.Count(s.Called),
			figures.Count(s.Claimed), figures.Count(s.Booked), figures.Rate(s.RateMilli),
		})
	}
	return table(cmd.OutOrStdout(), rows)
}

// phaseWord is the phase and what an operator must not overlook about it.
func phaseWord(s standing.Standing) string {
	word := string(s.Cohort.Phase)
	if s.Held {
		word += ", on hold"
	}
	if s.Cohort.Phase == plan.Scheduled && len(s.Cohort.ApprovedBy) == 0 {
		word += ", not approved"
	}
	return word
}

func (t *ctl) showCohort() *cobra.Command {
	return &cobra.Command{
		Use: "show COHORT", Short: "Show one cohort", Args: exactly(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var s standing.Standing
			if shown, err := t.get(cmd, "/v1/cohorts/"+url.PathEscape(args[0]), &s); shown || err != nil {
				return err
			}
			c, now := s.Cohort, time.Now()
			clock := func(ms int64) string { return figures.Moment(ms, now, time.Local) }
			w := cmd.OutOrStdout()
			fmt.Fprintf(w, "%s  %s / %s\n", c.ID, c.Name["ko"], c.Name["en"])
			fmt.Fprintf(w, "born       %s to %s, last digits %v\n", c.BirthFrom, c.BirthTo, c.LastDigits)
			fmt.Fprintf(w, "timetable  lobby %s, seal %s, open %s, close %s\n", clock(c.LobbyMS),
				clock(c.SealMS), clock(c.OpenMS), clock(c.CloseMS))
			fmt.Fprintf(w, "order      %s %s\n", c.Order, c.DrawMode)
			fmt.Fprintf(w, "supply     %s people (0: unlimited), weight %d\n", figures.Count(c.Supply), c.Weight)
			fmt.Fprintf(w, "approved   by %v\n", c.ApprovedBy)
			for _, x := range c.Accepted {
				fmt.Fprintf(w, "accepted   by %s, although not green: %s: %s\n", x.By, strings.Join(x.Checks, ", "), x.Reason)
			}
			if c.Note != "" {
				fmt.Fprintf(w, "note       %s\n", c.Note)
			}
			if c.Draw != nil {
				fmt.Fprintf(w, "draw       %s lobby tickets, root %s, seed %s\n", figures.Count(c.Draw.Count), c.Draw.Root, c.Draw.Seed)
			}
			fmt.Fprintln(w)
			return printCohorts(cmd, opsapi.Cohorts{Cohorts: []standing.Standing{s}})
		},
	}
}

func (t *ctl) moveCohort(verb, short, did string) *cobra.Command {
	cmd := &cobra.Command{Use: verb + " COHORT", Short: short, Args: exactly(1)}
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return t.change(cmd, http.MethodPost, "/v1/cohorts/"+url.PathEscape(args[0])+"/"+verb,
			map[string]any{"reason": *reason}, args[0]+" "+did)
	}
	return cmd
}

// openCohort is what brings a cohort towards letting people in.
func (t *ctl) openCohort(verb, short, did string) *cobra.Command {
	cmd := &cobra.Command{
		Use: verb + " COHORT", Short: short, Args: exactly(1),
		Long: short + `.
It is refused while a check of ` + "`sunbeon ctl preflight`" + ` does not pass, unless --accept
names it: the cohort keeps who accepted what, and why.`,
	}
	accept := cmd.Flags().StringSlice("accept", nil, "the checks that do not pass and are to be no hindrance, by their names")
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		body := map[string]any{"reason": *reason}
		if len(*accept) > 0 {
			body["accept"] = *accept
		}
		return t.change(cmd, http.MethodPost, "/v1/cohorts/"+url.PathEscape(args[0])+"/"+verb, body, args[0]+" "+did)
	}
	return cmd
}

func (t *ctl) defineCohort() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "define FILE",
		Short: "Define a cohort, or give a scheduled one another timetable, from a JSON file",
		Long: `Define a cohort from a JSON file in the form ` + "`ctl cohorts show --json`" + ` prints under
"cohort". Phase, approvals and draw are not taken from it. A cohort defined again
has to be approved again.`,
		Args: exactly(1),
	}
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		raw, err := os.ReadFile(args[0])
		if err != nil {
			return fmt.Errorf("read cohort: %w", err)
		}
		var c plan.Cohort
		if err := json.Unmarshal(raw, &c); err != nil {
			return fmt.Errorf("read cohort from %s: %w", args[0], err)
		}
		if c.ID == "" {
			return fmt.Errorf("read cohort from %s: it has no id", args[0])
		}
		return t.change(cmd, http.MethodPut, "/v1/cohorts/"+url.PathEscape(c.ID),
			map[string]any{"reason": *reason, "cohort": c}, c.ID+" defined")
	}
	return cmd
}

func (t *ctl) postponeCohort() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "postpone COHORT",
		Short:   "Open later than announced; the reason is shown to the public",
		Example: `  sunbeon ctl cohorts postpone tonight --by 30m --reason "doses arrive late"`,
		Args:    exactly(1),
	}
	by := cmd.Flags().Duration("by", 0, "how much later than now planned")
	to := cmd.Flags().String("to", "", "the new hour, as 2006-01-02T15:04:05+09:00")
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		path := "/v1/cohorts/" + url.PathEscape(args[0])
		var opens time.Time
		switch {
		case (*by > 0) == (*to != ""):
			return usageError{errors.New("name either --by or --to")}
		case *to != "":
			var err error
			if opens, err = time.Parse(time.RFC3339, *to); err != nil {
				return usageError{fmt.Errorf("--to: %w", err)}
			}
		default:
			var s standing.Standing
			if err := t.read(cmd, path, &s); err != nil {
				return err
			}
			opens = time.UnixMilli(s.Cohort.OpenMS).Add(*by)
			t.basedOn(t.index)
		}
		return t.change(cmd, http.MethodPost, path+"/postpone",
			map[string]any{"reason": *reason, "open_ms": opens.UnixMilli()},
			args[0]+" opens at "+opens.Local().Format(time.DateTime))
	}
	return cmd
}
