package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/internal/evening/bench"
)

func newBenchEveningCommand() *cobra.Command {
	var s bench.Settings
	var asJSON, quiet bool
	cmd := &cobra.Command{
		Use:   "evening",
		Short: "Measure a whole evening: citizens' ways a second and what each costs",
		Long: `Run a whole evening and measure how many citizens a second go all the way from
their identity check to a confirmed booking, over HTTP, with the crowd, the
control plane and the upstreams on the same machine.

Only the servers are to be the limit: the upstreams can do more than is asked and
take 2 ms each, and overrides hold the admission rate at its upper bound and the
number of WAS where it was. For each person who leaves another comes, so that
every second holds as many identity checks, tickets and passes as bookings; the
middle of the evening counts.

cpu_ms_per_way is the processor time of gate and WAS, ledger included;
other_cpu_ms_per_way that of crowd, upstreams and control plane;
bare_requests_per_s is what a handler that does nothing answers here.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if s.Binary, err = os.Executable(); err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			if !quiet {
				s.Output = os.Stderr
			}
			report, err := bench.Run(cmd.Context(), s)
			if err != nil {
				return err
			}
			if asJSON {
				encoder := json.NewEncoder(cmd.OutOrStdout())
				encoder.SetIndent("", "  ")
				return encoder.Encode(report)
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(),
				"%.0f ways a second, %.2f ms of server CPU each (gate %.2f, WAS %.2f; all others %.2f), %.1f requests each; a bare handler answers %.0f requests a second\n",
				report.Ways, report.CPUPerWay, report.GateCPU, report.WASCPU, report.OtherCPU, report.RequestsPerWay, report.BareRequests)
			return err
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "print the figures as JSON")
	flags.BoolVar(&quiet, "quiet", false, "do not show the evening itself")
	flags.IntVar(&s.People, "people", 16000, "how many synthetic citizens come")
	flags.IntVar(&s.AtOnce, "at-once", 400, "people on their way at once")
	flags.IntVar(&s.WAS, "was", 1, "number of WAS")
	flags.DurationVar(&s.Think, "think", 50*time.Millisecond, "a citizen's mean pause between two steps")
	flags.DurationVar(&s.Longest, "for", 2*time.Minute, "end the evening after this long at the latest")
	flags.IntVar(&s.PortBase, "port-base", 28800, "first of the forty ports that may be used")
	return cmd
}
