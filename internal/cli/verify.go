package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/reservation/waitingroom/fairness"
)

type verifyOptions struct {
	from, key string
	seen      []string
	json      bool
}

func newVerifyCommand() *cobra.Command {
	var opt verifyOptions
	cmd := &cobra.Command{
		Use:   "verify --from URL|DIR [--seen FILE...]",
		Short: "Check from public data that nobody jumped the line",
		Long: `Replay the public record of a line with suspicion and check everything it can
prove: that it only grew, that everybody has one place, that each lobby was
sealed before its draw and ordered by it, that every pass went to a called turn,
and that no pass was booked with twice. Nothing the gate says is believed.

--from is the public address of a gate, or a directory: a copy of a record, the
data directory of a gate, or that of ` + "`sunbeon up`" + `, running or not:

  sunbeon verify --from http://127.0.0.1:8800
  sunbeon verify --from sunbeon-data --json

--seen is what you kept yourself, any number of times: a receipt or the whole
answer to POST /v1/ticket or /v1/claim, or a checkpoint from GET /v1/checkpoint.
The record must still agree with it; this is what catches a record that was
rewritten from end to end.

  sunbeon verify --from http://127.0.0.1:8800 --seen ticket.json --seen monday.checkpoint

--key is the log's public key as you know it from elsewhere (GET /v1/record
names it), as text or in a file; without it, the record's own is taken, and the
report says so.

The exit status is 0 when everything holds and 1 otherwise: the first violation
is named, with the group and the position of the record it is in. What no record
can prove is listed as "not provable". The format is described in
reservation/waitingroom/FORMAT.md, for whoever would rather write their own.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runVerify(cmd.Context(), opt, cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&opt.from, "from", "", "public URL of a gate, or a directory")
	flags.StringArrayVar(&opt.seen, "seen", nil, "file with a receipt, a ticket or a checkpoint you kept (repeatable)")
	flags.StringVar(&opt.key, "key", "", "the log's public key (name+hash+key), or a file holding it")
	flags.BoolVar(&opt.json, "json", false, "print the report as JSON")
	cmd.MarkFlagRequired("from")
	return cmd
}

// errUnfair makes the exit status 1 where the report has said why.
var errUnfair = errors.New("the record does not keep its word")

func runVerify(ctx context.Context, opt verifyOptions, out io.Writer) error {
	config := fairness.Config{}
	var err error
	if opt.key != "" {
		if config.Key, err = verifyKey(opt.key); err != nil {
			return err
		}
	}
	if strings.HasPrefix(opt.from, "http://") || strings.HasPrefix(opt.from, "https://") {
		remove, err := fetchRecord(ctx, opt.from, &config)
		if err != nil {
			return err
		}
		defer remove()
	} else if err := localRecord(opt.from, &config); err != nil {
		return err
	}
	for _, file := range opt.seen {
		if err := addEvidence(file, &config); err != nil {
			return err
		}
	}
	report, err := fairness.Verify(config)
	if err != nil {
		return fmt.Errorf("verify %s: %w", opt.from, err)
	}
	if opt.json {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		err = encoder.Encode(report)
	} else {
		err = report.Write(out)
	}
	if err == nil && !report.OK {
		err = errUnfair
	}
	return err
}

// fetchRecord copies the record of a gate to a directory that remove removes.
func fetchRecord(ctx context.Context, base string, config *fairness.Config) (remove func(), err error) {
	if config.Dir, err = os.MkdirTemp("", "sunbeon-record-"); err != nil {
		return nil, err
	}
	remove = func() { os.RemoveAll(config.Dir) }
	client := &http.Client{Timeout: 10 * time.Minute}
	checkpoint, err := fairness.Fetch(ctx, client, base, config.Dir)
	if err != nil {
		remove()
		return nil, fmt.Errorf("fetch the record: %w", err)
	}
	config.Evidence = append(config.Evidence, fairness.Evidence{Name: base + fairness.CheckpointPath, Content: checkpoint})
	return remove, nil
}

// localRecord finds the record in a directory, and the checkpoint beside it.
func localRecord(dir string, config *fairness.Config) error {
	for _, below := range []string{"gate/record", "record", "."} {
		config.Dir = filepath.Join(dir, below)
		if found, _ := filepath.Glob(filepath.Join(config.Dir, "*.log")); len(found) > 0 {
			break
		}
	}
	checkpoint := filepath.Join(config.Dir, fairness.CheckpointFile)
	if _, err := os.Stat(checkpoint); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return addEvidence(checkpoint, config)
}

func addEvidence(file string, config *fairness.Config) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read what was seen: %w", err)
	}
	config.Evidence = append(config.Evidence, fairness.Evidence{Name: file, Content: content})
	return nil
}

func verifyKey(text string) ([]byte, error) {
	if content, err := os.ReadFile(text); err == nil {
		text = strings.TrimSpace(string(content))
	}
	return fairness.ParseVerifierKey(text)
}
