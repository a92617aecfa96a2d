package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/audit"
	"sunbeon/controlplane/figures"
	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/plan"
)

func (t *ctl) audit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "audit",
		Short: "List who changed what, and why; verify the record",
		Long: `Every committed command and its result is a link of a hash chain that each node
keeps in files under its data directory, the same on all of them. What was read
at a node, and what it denied, is in a chain of its own (--access).`,
		Args: exactly(0),
	}
	since := cmd.Flags().Uint64("since", 0, "after this index")
	limit := cmd.Flags().Int("limit", 100, "how many, at most 1000")
	access := cmd.Flags().Bool("access", false, "what was read and denied at the node that answers")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		path := fmt.Sprintf("/v1/audit/%s?since=%d&limit=%d", journalName(*access), *since, *limit)
		var a opsapi.Audit
		if shown, err := t.get(cmd, path, &a); shown || err != nil {
			return err
		}
		return printAudit(cmd, a)
	}
	cmd.AddCommand(t.verifyAudit())
	return cmd
}

func journalName(access bool) string {
	if access {
		return "access"
	}
	return "commands"
}

func printAudit(cmd *cobra.Command, a opsapi.Audit) error {
	rows := [][]string{{"INDEX", "TIME", "BY", "DID", "RESULT", "REASON"}}
	for _, line := range a.Lines {
		var e struct {
			Command plan.Command `json:"command"`
			Result  plan.Result  `json:"result"`
			// of the access journal
			TimeMS                         int64 `json:"time_ms"`
			Operator, Method, Path, Denied string
		}
		if !line.Gap {
			if err := json.Unmarshal(line.Entry, &e); err != nil {
				return fmt.Errorf("read audit at index %d: %w", line.Index, err)
			}
		}
		row := []string{strconv.FormatUint(line.Index, 10), figures.Clock(e.Command.StampMS, time.Local), e.Command.Actor, string(e.Command.Kind), "ok", e.Command.Reason}
		switch {
		case line.Gap:
			row = []string{row[0], "", "", "(what came before was never at this node)", "", ""}
		case e.Method != "":
			row = []string{row[0], figures.Clock(e.TimeMS, time.Local), e.Operator, e.Method + " " + e.Path, e.Denied, ""}
		case !e.Result.OK:
			row[4] = e.Result.Code
		}
		rows = append(rows, row)
	}
	return table(cmd.OutOrStdout(), rows)
}

// verdict is the answer of a verification.
type verdict struct {
	Node  string `json:"node,omitempty"`
	Lines int    `json:"lines"`
	Gaps  int    `json:"gaps"`
	// Heads is how many published heads it was held against; Trimmed that
	// older files were let go.
	Heads   int    `json:"heads"`
	Trimmed bool   `json:"trimmed,omitempty"`
	First   uint64 `json:"first"`
	Last    uint64 `json:"last"`
	Chain   string `json:"chain"`
	// Agreeing are the nodes that hold the same chain at the last index.
	Agreeing []string `json:"agreeing,omitempty"`
}

func (t *ctl) verifyAudit() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Check every link of the chain, and that all nodes hold the same one",
		Long: `Fetch the journal of commands from a node, check every link and the heads that
the plan keeps, and compare the end with the other nodes' journals. With --dir,
check the files of a journal without any node: no token is needed. --plan then
names a file with the plan, as sunbeon ctl plan prints it, whose heads tell a
record that was cut short or written anew from its beginning.

What is broken is named: file, line and index. Exit status 1 means that the
record is broken, or that nodes disagree; with --json the error then has the code
chain_broken, and the node or file, line and index.`,
		Example: `  sunbeon ctl audit verify
  sunbeon ctl audit verify --dir controlplane-1/audit --plan plan.json`,
		Args: exactly(0),
	}
	dir := cmd.Flags().String("dir", "", "`directory` with a journal's files")
	document := cmd.Flags().String("plan", "", "`file` with the plan, with --dir")
	access := cmd.Flags().Bool("access", false, "the journal of reads and denials, with --dir")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		var v verdict
		var err error
		switch {
		case *dir != "":
			v, err = verifyFiles(*dir, journalName(*access), *document)
		case *access || *document != "":
			return usageError{errors.New("--access and --plan go with --dir")}
		default:
			v, err = t.verifyNodes(cmd)
		}
		if err != nil {
			return err
		}
		if t.json {
			return t.print(cmd, v)
		}
		v.print(cmd.OutOrStdout())
		return nil
	}
	return cmd
}

func (v verdict) print(w io.Writer) {
	fmt.Fprintf(w, "every link holds: %d entries from index %d to %d, %d gaps, %d published heads\nchain %s\n",
		v.Lines, v.First, v.Last, v.Gaps, v.Heads, v.Chain)
	if v.Trimmed {
		fmt.Fprintf(w, "older files were let go: the archive holds what came before index %d\n", v.First)
	}
	if len(v.Agreeing) > 0 {
		fmt.Fprintf(w, "the same at %v\n", v.Agreeing)
	}
}

func verifyFiles(dir, name, document string) (verdict, error) {
	paths, err := audit.Files(dir, name)
	if err != nil {
		return verdict{}, err
	}
	if len(paths) == 0 {
		return verdict{}, fmt.Errorf("%s holds no journal of %s", dir, name)
	}
	var heads map[uint64]string
	if document != "" {
		raw, err := os.ReadFile(document)
		if err != nil {
			return verdict{}, fmt.Errorf("read plan: %w", err)
		}
		var p opsapi.Document
		if err := json.Unmarshal(raw, &p); err != nil {
			return verdict{}, fmt.Errorf("read plan from %s: %w", document, err)
		}
		// Every node's journal of commands is the same; of reads and denials
		// each has its own, in a directory beneath its own.
		node := ""
		if absolute, err := filepath.Abs(dir); err == nil && name != "commands" {
			node = filepath.Base(filepath.Dir(absolute))
		}
		heads = headsOf(p.Checkpoints, name, node)
	}
	v, err := audit.VerifyFiles(paths, heads)
	return verdictOf(v), err
}

// headsOf are a journal's published heads by index: of one node, or of all.
func headsOf(checkpoints map[string]plan.Checkpoint, journal, node string) map[uint64]string {
	heads := map[uint64]string{}
	for origin, c := range checkpoints {
		if node == "" && strings.HasPrefix(origin, plan.AuditOrigin(journal, "")) || origin == plan.AuditOrigin(journal, node) {
			heads[uint64(c.Size)] = c.Root
		}
	}
	return heads
}

func verdictOf(v *audit.Verifier) verdict {
	return verdict{Lines: v.Lines, Gaps: v.Gaps, Heads: len(v.Heads), Trimmed: v.Trimmed, First: v.First, Last: v.Last, Chain: v.Chain()}
}

// verifyNodes checks the journal of the node that answers up to where it ends
// now, and asks every other node for its link there.
func (t *ctl) verifyNodes(cmd *cobra.Command) (verdict, error) {
	var document opsapi.Document
	if err := t.read(cmd, "/v1/plan", &document); err != nil {
		return verdict{}, err
	}
	v := &audit.Verifier{Heads: headsOf(document.Checkpoints, "commands", "")}
	var node string
	for end := uint64(0); end == 0 || v.Last < end; {
		var page opsapi.Audit
		if err := t.read(cmd, fmt.Sprintf("/v1/audit/commands?since=%d&limit=1000", v.Last), &page); err != nil {
			return verdict{}, err
		}
		if end == 0 {
			// A node that let older files go tells from where its record is whole.
			end, node = page.Last, page.Node
			// A follower may not have heard of the latest head yet.
			maps.DeleteFunc(v.Heads, func(index uint64, _ string) bool { return index > end })
			if !page.Trimmed {
				v.FromBeginning()
			}
			v.Trimmed = page.Trimmed
		}
		if page.Last == 0 || len(page.Lines) == 0 {
			break
		}
		for _, line := range page.Lines {
			if err := v.Take(line); err != nil {
				return verdict{}, brokenAt(page.Node, err)
			}
		}
	}
	if err := v.End(); err != nil {
		return verdict{}, brokenAt(node, err)
	}
	out := verdictOf(v)
	out.Node = node
	return out, t.compareEnds(cmd, &out)
}

// brokenAt names the node whose journal does not hold.
func brokenAt(node string, err error) error {
	if broken := (*audit.BreachError)(nil); errors.As(err, &broken) {
		broken.Node = node
	}
	return err
}

func (t *ctl) compareEnds(cmd *cobra.Command, v *verdict) error {
	addresses, err := t.where.nodes()
	if err != nil || v.Lines == 0 {
		return err
	}
	for _, address := range addresses {
		one := &ctl{where: t.where, timeout: t.timeout}
		one.where.addresses = []string{address}
		if one.where.tokenFile == "" && one.where.data == "" {
			one.where.data = defaultData
		}
		var page opsapi.Audit
		path := "/v1/audit/commands?" + url.Values{"since": {strconv.FormatUint(v.Last-1, 10)}, "limit": {"1"}}.Encode()
		if err := one.read(cmd, path, &page); err != nil {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s was not compared: %v\n", address, err)
			continue
		}
		switch {
		case len(page.Lines) == 0 || page.Lines[0].Index != v.Last:
			fmt.Fprintf(cmd.ErrOrStderr(), "%s is not at index %d yet\n", page.Node, v.Last)
		case page.Lines[0].Chain != v.Chain:
			return &audit.BreachError{Node: page.Node, Index: v.Last, What: fmt.Sprintf(
				"it holds another link at index %d than %s: one of the nodes' records was changed", v.Last, v.Node)}
		default:
			v.Agreeing = append(v.Agreeing, page.Node)
		}
	}
	return nil
}
