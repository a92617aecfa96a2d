package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/opsapi/client"
	"sunbeon/internal/problem"
)

func newCtlCommand() *cobra.Command {
	t := &ctl{}
	cmd := &cobra.Command{
		Use:   "ctl",
		Short: "See and steer a running opening",
		Long: `See and steer a running opening through the ops API of any control-plane node.
Nodes that do not answer are passed over; a command is sent again under the same
request id until its outcome is known.

Every change names its --reason, which is kept with it for everyone to read.
What an operator sets ends by itself: an override and a freeze have an expiry.

Exit status: 0 when it was done, 1 when it was refused or nobody answered, 2
when called wrongly.`,
		Example: `  sunbeon ctl status
  sunbeon ctl override set admission 40 --for 10m --reason "stock answers slowly"
  sunbeon ctl override clear admission --reason "stock is back"
  sunbeon ctl hold tonight --reason "wrong doses shown"
  sunbeon ctl decisions --json | jq -r '.decisions[].sentence'`,
	}
	flags := cmd.PersistentFlags()
	t.where.bind(flags)
	flags.BoolVar(&t.json, "json", false, "print the API's answer as JSON instead of a table")
	flags.BoolVar(&t.propose, "propose", false, "propose the change for a commander other than you to approve, instead of making it")
	flags.DurationVar(&t.timeout, "timeout", 10*time.Second, "how long to look for a node that answers")
	cmd.AddCommand(t.status(), t.cohorts(), t.admission(), t.override(), t.hold(), t.release(), t.freeze(),
		t.unfreeze(), t.replicas(), t.instances(), t.members(), t.decisions(), t.why(), t.plan(), t.watch(),
		t.operators(), t.proposals(), t.changes(), t.undo(), t.incidents(), t.handover(), t.preflight(), t.audit())
	return cmd
}

// ctl is one call of the command line.
type ctl struct {
	where   operatorFlags
	json    bool
	propose bool
	timeout time.Duration
	// nodes is made at the first question and kept, so that a node found dead
	// is found so once.
	nodes *client.Client
}

func (t *ctl) client() (*client.Client, error) {
	if t.nodes == nil {
		c, err := t.where.client()
		if err != nil {
			return nil, err
		}
		t.nodes = c
	}
	return t.nodes, nil
}

// get asks for path and decodes the answer; with --json it prints the answer
// as it came and reports that nothing is left to show.
func (t *ctl) get(cmd *cobra.Command, path string, out any) (shown bool, err error) {
	var raw json.RawMessage
	if err := t.call(cmd, http.MethodGet, path, nil, &raw); err != nil {
		return false, err
	}
	if t.json {
		return true, printJSON(cmd.OutOrStdout(), raw)
	}
	if err := json.Unmarshal(raw, out); err != nil {
		return false, fmt.Errorf("read answer of %s: %w", path, err)
	}
	return false, nil
}

// change asks for a change and says what was done.
func (t *ctl) change(cmd *cobra.Command, method, path string, body any, did string) error {
	if t.propose {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		path, did = path+separator+"propose=true", "proposed, not done: another commander approves"
	}
	var answer opsapi.Done
	if err := t.call(cmd, method, path, body, &answer); err != nil {
		return err
	}
	if answer.Detail != "" {
		did += ": " + answer.Detail
	}
	if t.json {
		raw, err := json.Marshal(answer)
		if err != nil {
			return err
		}
		return printJSON(cmd.OutOrStdout(), raw)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s (index %d)\n", did, answer.Index)
	return nil
}

func (t *ctl) call(cmd *cobra.Command, method, path string, body, out any) error {
	c, err := t.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), t.timeout)
	defer cancel()
	key := ""
	if method != http.MethodGet {
		key = rand.Text()
	}
	return explain(c.Call(ctx, method, path, key, body, out))
}

// refused reports whether a command was certainly not taken.
func refused(err error) bool {
	var r *refusedError
	return errors.As(err, &r) || errors.Is(err, client.ErrRetryable)
}

// refusedError is a problem document in the words of the command line.
type refusedError struct{ *problem.Problem }

func (e *refusedError) Error() string { return fmt.Sprintf("refused (%s): %s", e.Code, e.Detail) }

// explain adds to an error what the operator can do about it.
func explain(err error) error {
	var answer *problem.Problem
	switch {
	case errors.As(err, &answer):
		return &refusedError{answer}
	case errors.Is(err, client.ErrUnknown):
		return fmt.Errorf("%w\nIt may have been done: look before you ask again", err)
	case errors.Is(err, client.ErrRetryable):
		return fmt.Errorf("%w\nNothing was changed", err)
	}
	return err
}

func printJSON(w io.Writer, raw json.RawMessage) error {
	var value any
	if err := json.Unmarshal(raw, &value); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// table writes rows in columns; the first row is the heading.
func table(w io.Writer, rows [][]string) error {
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		for i, cell := range row {
			if i > 0 {
				fmt.Fprint(columns, "\t")
			}
			fmt.Fprint(columns, cell)
		}
		fmt.Fprintln(columns)
	}
	return columns.Flush()
}

// reasonFlag adds the --reason every change needs.
func reasonFlag(cmd *cobra.Command) *string {
	reason := cmd.Flags().String("reason", "", "why: kept with the change for everyone to read")
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if *reason == "" {
			return usageError{errors.New("say why with --reason")}
		}
		return nil
	}
	return reason
}

// lastingFlag adds the --for of what ends by itself.
func lastingFlag(cmd *cobra.Command) *time.Duration {
	return cmd.Flags().Duration("for", 10*time.Minute, "how long it stands; at most 24h")
}

// exactly and atMost report a wrong number of arguments as a mistake in the
// call.
func exactly(n int) cobra.PositionalArgs { return calledRightly(cobra.ExactArgs(n)) }
func atMost(n int) cobra.PositionalArgs  { return calledRightly(cobra.MaximumNArgs(n)) }

func calledRightly(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usageError{err}
		}
		return nil
	}
}
