package cli

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/opsapi/client"
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
What is listed tells the index it is of; a change with --seen of that index is
refused where what it changes has changed since.

Roles: a viewer reads; an operator tightens alone, and proposes what loosens; a
commander loosens, which takes a second one: see ` + "`sunbeon ctl operators --help`" + `.

Exit status: 0 when it was done; 1 when it was refused, or a check does not hold;
2 when called wrongly; 3 when nobody answered, and nothing was changed; 4 when it
may have been done: look before you ask again. With --json an error is an object
{"error":{"outcome","code","detail"}} on the standard error.`,
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
	flags.StringVar(&t.consistency, "consistency", defaultConsistency, "what is read: leader, its copy, or a node's own where none leads; linearizable, all that was answered before; stale, any node's copy")
	flags.Uint64Var(&t.seen, "seen", 0, "the `index` you looked at: a change is refused where what it changes has changed since")
	cmd.PersistentPostRun = func(cmd *cobra.Command, _ []string) {
		if t.index > 0 && !t.json {
			fmt.Fprintf(cmd.OutOrStdout(), "\nas of index %d\n", t.index)
		}
	}
	cmd.AddCommand(t.status(), t.cohorts(), t.admission(), t.override(), t.hold(), t.release(), t.freeze(),
		t.unfreeze(), t.replicas(), t.instances(), t.members(), t.cluster(), t.passes(), t.decisions(), t.why(), t.plan(), t.watch(),
		t.operators(), t.proposals(), t.changes(), t.undo(), t.incidents(), t.handover(), t.preflight(), t.trials(), t.audit())
	teach(cmd)
	return cmd
}

// ctl is one call of the command line.
type ctl struct {
	where   operatorFlags
	json    bool
	propose bool
	timeout time.Duration
	// seen is the index a change is based on; index that of what was read.
	seen, index uint64
	consistency string
	// leaderless is set once no leader answered: the reads of one call do not
	// wait for one again.
	leaderless bool
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
	if err := t.read(cmd, path, &raw); err != nil {
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

// read asks for path and remembers the index of the answer.
func (t *ctl) read(cmd *cobra.Command, path string, out any) error {
	c, err := t.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), t.timeout)
	defer cancel()
	consistency := t.consistency
	if t.leaderless {
		consistency = "stale"
	}
	if consistency != defaultConsistency {
		t.index, err = c.Read(ctx, consistently(path, consistency), out)
		return explain(err)
	}
	// What was just changed by another node's answer must be there; where no
	// node leads, an old copy is better than none.
	led, cancel := context.WithTimeout(ctx, min(t.timeout/2, leaderPatience))
	defer cancel()
	if t.index, err = c.Read(led, consistently(path, t.consistency), out); errors.Is(err, client.ErrRetryable) {
		if t.index, err = c.Read(ctx, consistently(path, "stale"), out); err == nil {
			t.leaderless = true
			fmt.Fprintln(cmd.ErrOrStderr(), "no leader answers: this is one node's copy, and may be old")
		}
	}
	return explain(err)
}

// leaderPatience is how long a read waits for a leader: longer than an election.
const leaderPatience = 2500 * time.Millisecond

// defaultConsistency is that of reads: the copy of the node that leads.
const defaultConsistency = "leader"

func consistently(path, consistency string) string {
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	return path + separator + "consistency=" + url.QueryEscape(consistency)
}

// change asks for a change and says what was done. The body is nil for a
// DELETE, which says everything in its path.
func (t *ctl) change(cmd *cobra.Command, method, path string, body map[string]any, did string) error {
	also := url.Values{}
	if t.propose {
		did = "proposed, not done: another commander approves"
		also.Set("propose", "true")
	}
	switch {
	case t.seen > 0 && body != nil:
		body["seen"] = t.seen
	case t.seen > 0:
		also.Set("seen", strconv.FormatUint(t.seen, 10))
	}
	if len(also) > 0 {
		separator := "?"
		if strings.Contains(path, "?") {
			separator = "&"
		}
		path += separator + also.Encode()
	}
	var answer opsapi.Done
	if err := t.call(cmd, method, path, body, &answer); err != nil {
		return err
	}
	t.index = 0 // the index of the change is told with it
	if answer.Detail != "" {
		did += ": " + answer.Detail
	}
	if t.json {
		return t.print(cmd, answer)
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s (index %d)\n", did, answer.Index)
	return nil
}

// basedOn makes a change depend on what was just read, unless the caller named
// an index.
func (t *ctl) basedOn(index uint64) {
	if t.seen == 0 {
		t.seen = index
	}
}

// call sends one change under a key of its own.
func (t *ctl) call(cmd *cobra.Command, method, path string, body map[string]any, out any) error {
	c, err := t.client()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), t.timeout)
	defer cancel()
	var in any
	if body != nil {
		in = body
	}
	return explain(c.Call(ctx, method, path, rand.Text(), in, out))
}

// print writes a value as JSON.
func (t *ctl) print(cmd *cobra.Command, value any) error {
	raw, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return printJSON(cmd.OutOrStdout(), raw)
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
			fmt.Fprint(columns, oneLine(cell))
		}
		fmt.Fprintln(columns)
	}
	return columns.Flush()
}

// oneLine keeps what others wrote from moving the cursor or making lines of its
// own.
func oneLine(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
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

// exactly and atMost say how many arguments a command takes.
func exactly(n int) cobra.PositionalArgs {
	if n > 0 {
		return cobra.ExactArgs(n)
	}
	return func(_ *cobra.Command, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("%q: only flags are taken here, such as --name value", args[0])
		}
		return nil
	}
}
func atMost(n int) cobra.PositionalArgs { return cobra.MaximumNArgs(n) }
