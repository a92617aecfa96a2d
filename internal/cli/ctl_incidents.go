package cli

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
)

func (t *ctl) incidents() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "incidents",
		Short: "List incidents; open, update or close one",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list opsapi.Incidents
			if shown, err := t.get(cmd, "/v1/incidents", &list); shown || err != nil {
				return err
			}
			for _, i := range list.Incidents {
				printIncident(cmd.OutOrStdout(), i)
			}
			return nil
		},
	}
	cmd.AddCommand(t.openIncident(), t.updateIncident())
	return cmd
}

func printIncident(w io.Writer, i plan.Incident) {
	state := "open"
	if i.ClosedMS != 0 {
		state = "closed " + figures.Clock(i.ClosedMS, time.Local)
	}
	fmt.Fprintf(w, "%s  severity %d, %s, opened %s by %s: %s\n", i.ID, i.Severity, state, figures.Clock(i.OpenedMS, time.Local), i.OpenedBy, oneLine(i.Title))
	for _, role := range slices.Sorted(maps.Keys(i.Roles)) {
		fmt.Fprintf(w, "    %s: %s\n", role, i.Roles[role])
	}
	for _, page := range slices.Sorted(maps.Keys(i.Runbooks)) {
		fmt.Fprintf(w, "    runbook %s at step %d\n", page, i.Runbooks[page])
	}
	for _, channel := range slices.Sorted(maps.Keys(i.Drafts)) {
		fmt.Fprintf(w, "    draft for %s: %s\n", channel, i.Drafts[channel])
	}
	for _, n := range i.Notes {
		fmt.Fprintf(w, "    %s %s: %s\n", figures.Clock(n.TimeMS, time.Local), n.Actor, oneLine(n.Text))
	}
}

func (t *ctl) openIncident() *cobra.Command {
	cmd := &cobra.Command{Use: "open TITLE", Short: "Open an incident", Args: exactly(1)}
	severity := cmd.Flags().Int("severity", 3, "1 (worst) to 4")
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return t.change(cmd, http.MethodPost, "/v1/incidents",
			map[string]any{"reason": *reason, "title": args[0], "severity": *severity}, "incident opened")
	}
	return cmd
}

func (t *ctl) updateIncident() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "update INCIDENT",
		Short: "Add a note, name a role, keep a draft or a runbook's step, or close it",
		Example: `  sunbeon ctl incidents update i77 --role commander=kim --note "called the ministry" --reason "work"
  sunbeon ctl incidents update i77 --close --reason "stock answers again"`,
		Args: exactly(1),
	}
	flags := cmd.Flags()
	title := flags.String("title", "", "another title")
	severity := flags.Int("severity", 0, "another severity, 1 to 4")
	note := flags.String("note", "", "a line for its history")
	roles := flags.StringToString("role", nil, "who does what, as role=name; an empty name takes the role away")
	drafts := flags.StringToString("draft", nil, "a message not sent yet, as channel=text; an empty text takes it away")
	runbooks := flags.StringToInt("runbook", nil, "the step a page is at, as page=step; -1 takes it away")
	closed := flags.Bool("close", false, "close the incident")
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		body := map[string]any{"reason": *reason}
		for name, value := range map[string]any{"title": *title, "severity": *severity, "note": *note,
			"roles": *roles, "drafts": *drafts, "runbooks": *runbooks, "close": *closed} {
			if flags.Changed(strings.TrimSuffix(name, "s")) {
				body[name] = value
			}
		}
		if len(body) == 1 {
			return usageError{errors.New("name what to change")}
		}
		return t.change(cmd, http.MethodPatch, "/v1/incidents/"+url.PathEscape(args[0]), body, args[0]+" updated")
	}
	return cmd
}

func (t *ctl) handover() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "handover",
		Short: "Show what whoever takes over has to know; leave a note",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var h opsapi.Handover
			if shown, err := t.get(cmd, "/v1/handover", &h); shown || err != nil {
				return err
			}
			printHandover(cmd.OutOrStdout(), h)
			return printCohorts(cmd, opsapi.Cohorts{Cohorts: h.Cohorts})
		},
	}
	note := &cobra.Command{Use: "note TEXT", Short: "Leave a note to whoever takes over", Args: exactly(1)}
	reason := note.Flags().String("reason", "handover", "why: kept with the note")
	note.RunE = func(cmd *cobra.Command, args []string) error {
		return t.change(cmd, http.MethodPost, "/v1/handover", map[string]any{"reason": *reason, "text": args[0]}, "note left")
	}
	cmd.AddCommand(note)
	return cmd
}

func printHandover(w io.Writer, h opsapi.Handover) {
	section := func(title string, lines int) {
		if lines > 0 {
			fmt.Fprintln(w, title)
		}
	}
	clock := func(ms int64) string { return figures.Clock(ms, time.Local) }
	section("NOTES", len(h.Notes))
	for _, n := range h.Notes {
		fmt.Fprintf(w, "  %s %s: %s\n", clock(n.TimeMS), n.Actor, oneLine(n.Text))
	}
	section("OPEN INCIDENTS", len(h.Incidents))
	for _, i := range h.Incidents {
		printIncident(w, i)
	}
	section("IN FORCE", len(h.Holds)+len(h.Freezes)+len(h.Overrides))
	for _, x := range h.Holds {
		fmt.Fprintf(w, "  hold of %s by %s since %s: %s\n", x.Scope, x.Owner, clock(x.SinceMS), x.Reason)
	}
	for _, x := range h.Freezes {
		fmt.Fprintf(w, "  freeze of %s by %s until %s: %s\n", x.Scope, x.Owner, clock(x.UntilMS), x.Reason)
	}
	for _, x := range h.Overrides {
		fmt.Fprintf(w, "  override of %s to %d by %s until %s: %s\n", x.Target, x.Value, x.Owner, clock(x.UntilMS), x.Reason)
	}
	section("WAITING FOR A SECOND PERSON", len(h.Proposals))
	for _, x := range h.Proposals {
		fmt.Fprintf(w, "  %s %s by %s until %s: %s\n", x.ID, x.Kind, x.By, clock(x.UntilMS), x.Reason)
	}
	section("LATEST CHANGES BY PEOPLE", len(h.Changes))
	for _, x := range h.Changes[:min(len(h.Changes), 10)] {
		fmt.Fprintf(w, "  %s %s by %s: %s\n", clock(x.TimeMS), x.Did, x.Actor, x.Reason)
	}
	section("LATEST DECISIONS", len(h.Decisions))
	for _, x := range h.Decisions {
		fmt.Fprintf(w, "  %s %s: %s\n", clock(x.TimeMS), x.Actuator, x.Sentence)
	}
	fmt.Fprintln(w, "COHORTS")
}
