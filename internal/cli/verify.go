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
	from, key       string
	seen, witnesses []string
	json            bool
	maxBytes        int64
	within          time.Duration
}

// notVerifiedError is a verification that could not be made.
type notVerifiedError struct{ error }

func newVerifyCommand() *cobra.Command {
	var opt verifyOptions
	cmd := &cobra.Command{
		Use:   "verify --from URL|DIR [--seen FILE...] [--witness KEY...]",
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

--witness names somebody you trust to have watched the log, by their public key,
any number of times: a checkpoint they signed must come with the record or with
--seen, and fit. This is what catches a log that shows everybody another face.

  sunbeon verify --from http://127.0.0.1:8800 --witness witness.example+1a2b3c4d+BEQ...

--key is the log's public key as you know it from elsewhere (GET /v1/record
names it), as text or in a file; without it, the record's own is taken, and the
report says so.

The exit status is 0 when everything holds; 1 when something does not, and then
the first violation is named, with the group and the position of the record it
is in; 2 when the command was called wrongly; and 3 when nothing could be
verified: there is no record, it cannot be read or fetched, or what --seen names
is no evidence about it ("outcome":"not_verified" with --json, on stderr). What no record can prove is listed as "not provable".
The format is described in reservation/waitingroom/FORMAT.md, for whoever would
rather write their own.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return runVerify(cmd.Context(), opt, cmd.OutOrStdout()) },
	}
	flags := cmd.Flags()
	flags.StringVar(&opt.from, "from", "", "public URL of a gate, or a directory")
	flags.StringArrayVar(&opt.seen, "seen", nil, "file with a receipt, a ticket or a checkpoint you kept (repeatable)")
	flags.StringArrayVar(&opt.witnesses, "witness", nil, "public key (name+hash+key) of a witness, or a file holding it (repeatable)")
	flags.StringVar(&opt.key, "key", "", "the log's public key (name+hash+key), or a file holding it")
	flags.BoolVar(&opt.json, "json", false, "print the report as JSON")
	flags.Int64Var(&opt.maxBytes, "max-bytes", 32<<30, "the largest record to fetch; a nation's evening takes some 2 GB")
	flags.DurationVar(&opt.within, "within", time.Hour, "how long fetching may take")
	cmd.MarkFlagRequired("from")
	return cmd
}

// errUnfair makes the exit status 1 where the report has said why.
var errUnfair = errors.New("the record does not keep its word")

func runVerify(ctx context.Context, opt verifyOptions, out io.Writer) error {
	config := fairness.Config{}
	var err error
	if opt.key != "" {
		if config.Key, err = fairness.ParseVerifierKey(textOrFile(opt.key)); err != nil {
			return usageError{err}
		}
	}
	if config.Witnesses, err = parseWitnesses(opt.witnesses); err != nil {
		return err
	}
	report, err := verify(ctx, opt, config)
	if err != nil {
		return notVerifiedError{fmt.Errorf("verify %s: %w", opt.from, err)}
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

func verify(ctx context.Context, opt verifyOptions, config fairness.Config) (*fairness.Report, error) {
	if strings.HasPrefix(opt.from, "http://") || strings.HasPrefix(opt.from, "https://") {
		remove, err := fetchRecord(ctx, opt, &config)
		if err != nil {
			return nil, err
		}
		defer remove()
	} else if err := localRecord(opt.from, &config); err != nil {
		return nil, err
	}
	for _, file := range opt.seen {
		if err := addEvidence(file, false, &config); err != nil {
			return nil, err
		}
	}
	return fairness.Verify(config)
}

// answersWithin is how long a gate may take to begin an answer.
const answersWithin = 30 * time.Second

// fetchRecord copies the record of a gate to a directory that remove removes.
func fetchRecord(ctx context.Context, opt verifyOptions, config *fairness.Config) (remove func(), err error) {
	if config.Dir, err = os.MkdirTemp("", "sunbeon-record-"); err != nil {
		return nil, err
	}
	remove = func() { os.RemoveAll(config.Dir) }
	// A record of millions takes long on a slow line; a server that goes on for
	// ever, or stops sending, is not followed there.
	ctx, cancel := context.WithTimeoutCause(ctx, opt.within, fmt.Errorf("not fetched within %v", opt.within))
	defer cancel()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = answersWithin
	own, err := fairness.Fetch(ctx, &http.Client{Transport: transport}, opt.from, config.Dir, opt.maxBytes)
	transport.CloseIdleConnections()
	if err != nil {
		remove()
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", context.Cause(ctx), err)
		}
		return nil, fmt.Errorf("fetch the record: %w", err)
	}
	config.Evidence = append(config.Evidence, own...)
	return remove, nil
}

// segmentFile is what the files of a record are called.
const segmentFile = "[0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9][0-9].log"

// localRecord finds the record in a directory, and the checkpoints beside it.
func localRecord(dir string, config *fairness.Config) error {
	if info, err := os.Stat(dir); err != nil {
		return err
	} else if !info.IsDir() {
		return errors.New("it is a file: name the directory it lies in")
	}
	var found []string
	for _, below := range []string{"gate/record", "record", "."} {
		config.Dir = filepath.Join(dir, below)
		if found, _ = fs.Glob(os.DirFS(config.Dir), segmentFile); len(found) > 0 {
			break
		}
	}
	beside, err := fs.Glob(os.DirFS(config.Dir), fairness.WitnessedFile+"*")
	if err != nil {
		return err
	}
	for _, checkpoint := range append(beside, fairness.CheckpointFile) {
		if err := addEvidence(filepath.Join(config.Dir, checkpoint), true, config); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if len(found) == 0 && len(config.Evidence) == 0 {
		return fmt.Errorf("%w in it, in its record or in its gate/record", fairness.ErrNoRecord)
	}
	return nil
}

// maxEvidence bounds a file somebody kept, in bytes.
const maxEvidence = 1 << 20

func addEvidence(file string, own bool, config *fairness.Config) error {
	info, err := os.Stat(file)
	if err != nil {
		return fmt.Errorf("read what was seen: %w", err)
	}
	if !info.Mode().IsRegular() || info.Size() > maxEvidence {
		return fmt.Errorf("%w: %s is no receipt and no checkpoint", fairness.ErrEvidence, file)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("read what was seen: %w", err)
	}
	config.Evidence = append(config.Evidence, fairness.Evidence{Name: file, Content: content, Own: own})
	return nil
}

func parseWitnesses(keys []string) ([]fairness.Witness, error) {
	var witnesses []fairness.Witness
	for _, key := range keys {
		w, err := fairness.ParseWitness(textOrFile(key))
		if err != nil {
			return nil, usageError{err}
		}
		witnesses = append(witnesses, w)
	}
	return witnesses, nil
}

// textOrFile is what a file of that name holds, where there is one, and the
// text itself otherwise.
func textOrFile(text string) string {
	if content, err := os.ReadFile(text); err == nil {
		return strings.TrimSpace(string(content))
	}
	return text
}
