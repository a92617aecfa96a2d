package cli

import (
	"net/http"
	"net/url"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/opsapi"
)

func (t *ctl) passes() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "passes",
		Short: "List the passes that are not honoured any more; revoke one",
		Long: `List the passes that were revoked. Booking servers look every pass up in this
list, which they follow; a person whose pass is revoked keeps the place in line.
All unused passes of a cohort end with sunbeon ctl cohorts void.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list opsapi.Revocations
			if shown, err := t.get(cmd, "/v1/revocations", &list); shown || err != nil {
				return err
			}
			rows := [][]string{{"PASS", "UNTIL", "REASON"}}
			for _, r := range list.Revocations {
				rows = append(rows, []string{r.ID, figures.Moment(r.UntilMS, time.Now(), time.Local), r.Reason})
			}
			return table(cmd.OutOrStdout(), rows)
		},
	}
	cmd.AddCommand(t.revokePass())
	return cmd
}

func (t *ctl) revokePass() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke PASS",
		Short: "End one pass, named by its id",
		Long: `End one pass. Its id is the jti of the token, which the gate's record and the
booking servers' log tell too. The list forgets it after --for, by which time the
pass has to have expired by itself: serving time counts, pauses do not.`,
		Args: exactly(1),
	}
	lasts := cmd.Flags().Duration("for", 7*24*time.Hour, "for how long the pass could still be used; at most 720h")
	reason := reasonFlag(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		return t.change(cmd, http.MethodPut, "/v1/revocations/"+url.PathEscape(args[0]),
			map[string]any{"reason": *reason, "for_ms": lasts.Milliseconds()}, "pass "+args[0]+" revoked")
	}
	return cmd
}
