package cli

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
)

func (t *ctl) proposals() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "proposals",
		Short: "List what waits for a second person; approve or withdraw it",
		Long: `Whoever tightens acts alone. What loosens (open, resume, release a hold or a
freeze, raise hard bounds, grant a role) takes two people once two commanders are
named: one gives the command with --propose, a commander other than them approves
it within the hour. Approval looks at everything anew and is refused where what
the command would change has changed since.`,
		Example: `  sunbeon ctl release tonight --reason "doses are right again" --propose
  sunbeon ctl proposals
  sunbeon ctl proposals approve p1234 --reason "checked with the ministry"`,
		Args: exactly(0),
	}
	pending := cmd.Flags().Bool("pending", false, "only those that can still be approved")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var list opsapi.Proposals
		if shown, err := t.get(cmd, "/v1/proposals?pending="+strconv.FormatBool(*pending), &list); shown || err != nil {
			return err
		}
		rows := [][]string{{"PROPOSAL", "STATE", "BY", "MADE", "LAPSES", "COMMAND", "WHAT", "REASON"}}
		for _, p := range list.Proposals {
			rows = append(rows, []string{p.ID, string(p.State), p.By, figures.Clock(p.MadeMS, time.Local),
				figures.Clock(p.UntilMS, time.Local), string(p.Kind), string(p.Body), p.Reason})
		}
		if err := table(cmd.OutOrStdout(), rows); err != nil {
			return err
		}
		if !list.Paired {
			fmt.Fprintln(cmd.OutOrStdout(), "\nfewer than two commanders are named: loosening takes one person")
		}
		return nil
	}
	closing := func(verb, short, did string) *cobra.Command {
		cmd := &cobra.Command{Use: verb + " PROPOSAL", Short: short, Args: exactly(1)}
		reason := reasonFlag(cmd)
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			return t.change(cmd, http.MethodPost, "/v1/proposals/"+url.PathEscape(args[0])+"/"+verb,
				map[string]any{"reason": *reason}, args[0]+" "+did)
		}
		return cmd
	}
	cmd.AddCommand(closing("approve", "Run it, as its second person", "approved and done"),
		closing("withdraw", "Close it without running it", "withdrawn"))
	return cmd
}

func (t *ctl) changes() *cobra.Command {
	return &cobra.Command{
		Use: "changes", Short: "List the latest changes by people that undo can take back", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list opsapi.Undos
			if shown, err := t.get(cmd, "/v1/changes", &list); shown || err != nil {
				return err
			}
			rows := [][]string{{"CHANGE", "TIME", "BY", "DID", "REASON", "UNDONE BY"}}
			for _, u := range list.Changes {
				rows = append(rows, []string{strconv.FormatUint(u.At, 10), figures.Clock(u.TimeMS, time.Local),
					u.Actor, string(u.Did), u.Reason, u.Undone})
			}
			return table(cmd.OutOrStdout(), rows)
		},
	}
}

func (t *ctl) undo() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "undo [CHANGE]",
		Short: "Restore what was there before a change: the latest, or one of `ctl changes`",
		Args:  atMost(1),
	}
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var list opsapi.Undos
		if err := t.read(cmd, "/v1/changes", &list); err != nil {
			return err
		}
		u, err := pickUndo(list.Changes, args)
		if err != nil {
			return err
		}
		at := strconv.FormatUint(u.At, 10)
		return t.change(cmd, http.MethodPost, "/v1/changes/"+at+"/undo",
			map[string]any{"reason": *reason}, fmt.Sprintf("change %s undone: %s by %s (%s)", at, u.Did, u.Actor, u.Reason))
	}
	return cmd
}

// pickUndo finds the change meant: the one named, or the latest.
func pickUndo(changes []plan.Undo, args []string) (plan.Undo, error) {
	if len(args) == 1 {
		at, err := strconv.ParseUint(args[0], 10, 64)
		if err != nil {
			return plan.Undo{}, usageError{fmt.Errorf("%q is not the index of a change: see sunbeon ctl changes", args[0])}
		}
		for _, u := range changes {
			if u.At == at {
				return u, nil
			}
		}
		return plan.Undo{}, fmt.Errorf("no change at index %d can be taken back: see sunbeon ctl changes", at)
	}
	for _, u := range changes {
		if u.Undone == "" {
			return u, nil
		}
	}
	return plan.Undo{}, errors.New("there is no change to undo")
}
