package cli

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"sunbeon/reservation/credential"
	"sunbeon/reservation/ledger/sqlite"
	"sunbeon/reservation/rush"
	"sunbeon/reservation/rush/audit"
)

func newRushCommand() *cobra.Command {
	cfg := rush.Defaults()
	var data, report, script string
	cmd := &cobra.Command{
		Use:   "rush",
		Short: "Send synthetic citizens through an opening and audit what came of it",
		Long: `Send a crowd of synthetic citizens, drawn from the population figures of 2021,
through the whole way: identity check, ticket, waiting, pass, institutions,
slots, booking of both doses, look-up. Some give up, some come twice from
another device, some see late that they were called, some cancel.

The load is an open loop: every arrival is fixed beforehand by the seed, and a
slow server slows nobody down. Latency counts from when a person meant to ask.

Everything servers acknowledge is written to a journal. When everybody has left,
or the time is over, or at Ctrl-C, the journal is held against the ledger and
the record of the line in the data directory, and the report is written. The
journals of earlier runs there are held against them too: what was acknowledged
once has to survive.
Without --data, as against a gate on another machine, there is no audit, and the
report says so instead of showing zeros.

Exit status: 0 when nothing acknowledged is missing, no slot is overbooked,
nobody holds two places or bookings and no pass came early; 1 with the first
cases named otherwise.`,
		Example: `  sunbeon rush --people 20000 --data sunbeon-data --report report.json
  sunbeon rush --people 200000 --think 30s --data sunbeon-data
  sunbeon rush --gate http://gate.example --legacy http://issuer.example --for 10m`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if script != "" {
				var err error
				if cfg.Script, err = rush.ReadScript(script); err != nil {
					return usageError{err}
				}
				cfg.Outsiders = 0
			}
			return runRush(cmd, cfg, data, report)
		},
	}
	f := cmd.Flags()
	f.StringVar(&cfg.Gate, "gate", "http://127.0.0.1:8800", "`URL` of the citizens' gate")
	f.StringVar(&cfg.Legacy, "legacy", "http://127.0.0.1:8802", "`URL` of the issuer of synthetic identities")
	f.StringVar(&cfg.Cohort, "cohort", "", "`ID` of the cohort the crowd belongs to; the first that has not closed if empty")
	f.IntVar(&cfg.People, "people", cfg.People, "how many people come")
	f.Uint64Var(&cfg.Seed, "seed", cfg.Seed, "seed of everything that is drawn: the same seed, the same people at the same times")
	f.DurationVar(&cfg.Think, "think", cfg.Think, "a person's mean pause between two steps: 1s fits an evening into a minute, 30s is earnest")
	f.DurationVar(&cfg.For, "for", 0, "end after this long; 0 waits until everybody has left")
	f.IntVar(&cfg.AtOnce, "at-once", 0, "let this many people at most be on their way at once, to find how many a second the servers take; 0 for the open loop")
	f.StringVar(&data, "data", "", "data `directory` of sunbeon up, for the journal and the audit")
	f.StringVar(&cfg.Journal, "journal", "", "journal `file`, which must not exist; by default in the data directory, or else in the current one")
	f.StringVar(&report, "report", "", "write the report to this `file`, as JSON")
	f.StringVar(&script, "script", "", "JSON `file` with every arrival stream and pause, as up writes one for a scenario; people, think and the shares below are not heeded then")

	f.Float64Var(&cfg.Arrivals.Lobby, "lobby", cfg.Arrivals.Lobby, "weight of those who come before the opening")
	f.Float64Var(&cfg.Arrivals.Spike, "spike", cfg.Arrivals.Spike, "weight of those who come at the opening")
	f.Float64Var(&cfg.Arrivals.Tail, "tail", cfg.Arrivals.Tail, "weight of those who come afterwards")
	f.DurationVar(&cfg.Arrivals.SpikeMean, "spike-mean", 0, "mean delay of the spike after the opening; 0 is twice the think time")
	f.DurationVar(&cfg.Arrivals.TailLength, "tail-length", 0, "time in which the tail arrives; 0 is twenty times the think time")

	h := &cfg.Habits
	f.Float64Var(&h.GiveUpWaiting, "give-up-waiting", h.GiveUpWaiting, "share of people who leave the line")
	f.Float64Var(&h.GiveUpAdmitted, "give-up-admitted", h.GiveUpAdmitted, "share of people who leave after they were let in")
	f.Float64Var(&h.SecondDevice, "second-device", h.SecondDevice, "share of people who come again from another device")
	f.Float64Var(&h.ClaimLate, "claim-late", h.ClaimLate, "share of people who see late that they were called")
	f.Float64Var(&h.Cancel, "cancel", h.Cancel, "share of people who cancel their booking")
	f.Float64Var(&h.Rebook, "rebook", h.Rebook, "share of those who book again after cancelling")
	f.Float64Var(&cfg.Outsiders, "outsiders", cfg.Outsiders, "share of people who do not belong to the cohort and must be refused")
	f.Float64Var(&cfg.Foreigners, "foreigners", cfg.Foreigners, "share of foreign residents, with long Latin names")
	return cmd
}

// auditTimeout is far beyond what an evening of a million people needs.
const auditTimeout = 2 * time.Minute

func runRush(cmd *cobra.Command, cfg rush.Config, data, reportFile string) error {
	out := cmd.OutOrStdout()
	if cfg.Journal == "" {
		cfg.Journal = journalFile(data, time.Now())
	}
	terminal := out == os.Stdout && isatty.IsTerminal(os.Stdout.Fd())
	meter := rush.NewMeter(out, terminal)
	cfg.Progress = meter.Show
	if !terminal {
		cfg.ProgressEvery = 5 * time.Second
	}
	defer runtime.KeepAlive(ballast())
	load, err := rush.Run(cmd.Context(), cfg)
	meter.Done()
	if err != nil {
		return err
	}
	// Ctrl-C ended the load; what was acknowledged is audited all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(cmd.Context()), auditTimeout)
	defer cancel()
	findings, auditErr := auditRush(ctx, data, cfg.Journal, load.Cohort)
	report := rush.NewReport(load, findings, auditErr)
	if reportFile != "" {
		if err := report.Write(reportFile); err != nil {
			return err
		}
	}
	report.Summarize(out)
	switch {
	case errors.Is(auditErr, errNoData):
		return nil
	case auditErr != nil:
		return fmt.Errorf("audit: %w", auditErr)
	}
	return findings.Err()
}

// errNoData is why a rush against somebody else's gate is not audited.
var errNoData = errors.New("no data directory was given to audit")

func auditRush(ctx context.Context, data, journal, cohort string) (*audit.Findings, error) {
	if data == "" {
		return nil, errNoData
	}
	key, err := credential.LoadSigningKey(filepath.Join(data, "keys"), "log.key")
	if err != nil {
		return nil, err
	}
	store, err := sqlite.OpenReadOnly(ctx, filepath.Join(data, "ledger", "ledger.db"))
	if err != nil {
		return nil, err
	}
	defer store.Close()
	// Journals of earlier runs tell what has to have survived since.
	journals, err := filepath.Glob(filepath.Join(data, "rush", journalPrefix+"*"))
	if err != nil {
		return nil, err
	}
	if !slices.Contains(journals, journal) {
		journals = append(journals, journal)
	}
	return audit.Run(ctx, audit.Evidence{
		Journals: journals,
		Ledger:   store,
		Record:   filepath.Join(data, "gate", "record"),
		Key:      key.Public().(ed25519.PublicKey),
		Cohort:   cohort,
	})
}

const journalPrefix = "journal-"

func journalFile(data string, now time.Time) string {
	name := journalPrefix + now.UTC().Format("20060102T150405.000") + ".jsonl"
	if data == "" {
		return "sunbeon-rush-" + name
	}
	return filepath.Join(data, "rush", name)
}
