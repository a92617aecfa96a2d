package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
)

func (t *ctl) preflight() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "preflight COHORT",
		Short: "Say go or no-go before an opening; try what must be tried",
		Long: `Look at what an opening needs: timetable, approval, names in both languages,
floor, gates and WAS, control plane, disk, the certificate every process shows,
holds, freezes, incidents, two commanders, break-glass and test persons. The last
two are tried with the commands below, and count for a day.

A cohort is neither approved nor opened by hand while a check does not pass,
unless that check is accepted by name.

Exit status 1 means no-go.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			var p opsapi.Preflight
			if err := t.read(cmd, "/v1/preflight/"+url.PathEscape(args[0]), &p); err != nil {
				return err
			}
			if err := t.showPreflight(cmd, p); err != nil {
				return err
			}
			if !p.Go {
				return errors.New("no go: " + strings.Join(p.NotGreen(), ", "))
			}
			return nil
		},
	}
	return cmd
}

func (t *ctl) showPreflight(cmd *cobra.Command, p opsapi.Preflight) error {
	if t.json {
		return t.print(cmd, p)
	}
	rows := [][]string{{"CHECK", "ANSWER", "DETAIL"}}
	for _, c := range p.Checks {
		rows = append(rows, []string{c.Name, c.Answer, c.Detail})
	}
	return table(cmd.OutOrStdout(), rows)
}

// trials are what must be tried before an opening, under `ctl try`.
func (t *ctl) trials() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "try",
		Short: "Try break-glass and the test persons before an opening",
		Long: `Try what nobody can know otherwise, and have the plan keep what came of it: the
preflight goes by it for a day.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(t.tryBreakGlass(), t.tryPersons())
	return cmd
}

// record tells the plan what came of a trial.
func (t *ctl) record(cmd *cobra.Command, reason string, trial plan.RecordTrial) error {
	raw, err := json.Marshal(trial)
	if err != nil {
		return err
	}
	body := map[string]any{}
	if err := json.Unmarshal(raw, &body); err != nil {
		return err
	}
	body["reason"] = reason
	result := "works"
	if !trial.OK {
		result = "FAILED"
	}
	return t.change(cmd, http.MethodPost, "/v1/trials", body, fmt.Sprintf("%s at %s %s: %s", trial.Check, trial.Subject, result, trial.Detail))
}
