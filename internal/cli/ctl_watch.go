package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
)

func (t *ctl) plan() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Print the whole plan as JSON",
		Long: `Print the whole plan as JSON. --consistency says what the answer is worth: leader
is the copy of the node that leads, linearizable holds everything that was
answered before you asked, stale is the answering node's copy with its age.`,
		Args: exactly(0),
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var raw json.RawMessage
		if err := t.read(cmd, "/v1/plan", &raw); err != nil {
			return err
		}
		t.index = 0 // the document tells its own
		return printJSON(cmd.OutOrStdout(), raw)
	}
	return cmd
}

func (t *ctl) watch() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "watch",
		Short: "Print every change of the plan as it happens",
		Long: `Print every change of the plan as it happens, until Ctrl-C. When the node goes
away, another one takes over without a gap. --json prints one object a line.`,
		Example: `  sunbeon ctl watch --topics decisions,overrides,holds`,
		Args:    exactly(0),
	}
	topics := cmd.Flags().StringSlice("topics", nil, "only these sections of the plan: cohorts, segments, lines, admission, replicas, instances, overrides, holds, freezes, decisions …")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := t.client()
		if err != nil {
			return err
		}
		p := &changePrinter{cmd: cmd, json: t.json, topics: *topics}
		err = c.Watch(cmd.Context(), p.show)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		return explain(err)
	}
	return cmd
}

// changePrinter prints what differs from one view to the next. Topics are
// picked here and not at the node, so that the views stay whole plans.
type changePrinter struct {
	cmd    *cobra.Command
	json   bool
	topics []string
	last   *plan.Plan
}

func (p *changePrinter) show(v client.View) {
	last := p.last
	p.last = v.Plan
	if last == nil || last == v.Plan {
		return
	}
	for _, c := range plan.Changes(last, v.Plan) {
		if len(p.topics) > 0 && !slices.Contains(p.topics, string(c.Topic)) {
			continue
		}
		p.print(v.Index, c)
	}
}

func (p *changePrinter) print(index uint64, c plan.Change) {
	w := p.cmd.OutOrStdout()
	if p.json {
		line, err := json.Marshal(struct {
			Index uint64 `json:"index"`
			plan.Change
		}{index, c})
		if err == nil {
			fmt.Fprintf(w, "%s\n", line)
		}
		return
	}
	value := string(c.Value)
	if value == "" {
		value = "gone"
	}
	name := strings.TrimSpace(string(c.Topic) + " " + c.Key)
	fmt.Fprintf(w, "%s  %d  %s  %s\n", time.Now().Format("15:04:05"), index, name, value)
}
