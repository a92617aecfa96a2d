package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/reservation/ledger/bench"
)

func newBenchLedgerCommand() *cobra.Command {
	var s bench.Settings
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Measure the ledger: durable bookings beside one transaction each",
		Long: `Measure how many durable two-dose bookings a second go through the ledger, beside
one transaction a booking on the same tables and the same server: for SQLite one
commit each, for PostgreSQL SELECT … FOR UPDATE over the pool that serves it best.
Rounds alternate; the middle one counts. Then several processes share the ledger
at half the rate reached, and the time from a request to its durable answer is
taken.

--store postgres starts a server of its own; it needs PostgreSQL on this machine
(Debian: postgresql). Other work on the machine shows in the figures.`,
		Example: `  sunbeon bench ledger --store sqlite
  sunbeon bench ledger --store postgres --json | jq .ratio`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			binary, err := os.Executable()
			if err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			s.Writer = []string{binary, "bench", "ledger", "writer"}
			s.Progress = func(line string) { fmt.Fprintln(cmd.ErrOrStderr(), line) }
			report, err := bench.Run(cmd.Context(), s)
			if err != nil {
				return err
			}
			if asJSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(report)
			}
			return report.Print(cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "print the figures as JSON instead of a table")
	flags.StringVar(&s.Store, "store", bench.SQLite, "what to measure: `sqlite or postgres`")
	flags.StringVar(&s.Dir, "dir", "", "`directory` on the disk to be measured (SQLite)")
	flags.IntVar(&s.Callers, "callers", 64, "concurrent callers")
	flags.IntVar(&s.Slots, "slots", 16_000, "slots of both doses; popularity is Zipf 1.1")
	flags.IntVar(&s.Rounds, "rounds", 5, "rounds of each contestant; the middle one counts")
	flags.DurationVar(&s.Round, "round", 2*time.Second, "how long a round lasts")
	flags.IntVar(&s.Writers, "writers", 4, "processes that share the ledger when latency is measured")
	cmd.AddCommand(&cobra.Command{
		Use: "writer", Hidden: true, Short: "Book at a rate told on standard input", Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return bench.Write(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout())
		},
	})
	return cmd
}
