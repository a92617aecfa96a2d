package cli

import (
	"encoding/json"
	"fmt"

	"github.com/spf13/cobra"

	"sunbeon/reservation/bench"
)

func newBenchLineCommand() *cobra.Command {
	var s bench.Settings
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "line",
		Short: "Measure the waiting room: joins, polls, memory, disk, restart, draw",
		Long: `Fill a line in process, then measure the gate over HTTP on loopback: people who
take a place and are told so once it is on disk, and people who look at the
serving number. Each is given as a ratio to a bare net/http handler that answers
as many bytes, in rounds that alternate; the middle round counts. Where
redis-server is installed, the usual room (a sorted set, nothing on disk) takes
part.

draw_s is the time from closing the lobby until everybody has a turn; all_turns_s
is what it takes to compute every one of them, which nobody ever has to.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
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
			return report.Write(cmd.OutOrStdout())
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "print the figures as JSON instead of a table")
	flags.StringVar(&s.Dir, "dir", "", "empty `directory` for the record, on the disk to be measured; kept, if named")
	flags.IntVar(&s.People, "people", 10_000_000, "people in line before anything is measured over HTTP")
	flags.IntVar(&s.Connections, "connections", 256, "connections of the clients")
	flags.IntVar(&s.Rounds, "rounds", 5, "rounds of each contestant; the middle one counts")
	flags.IntVar(&s.Joins, "joins", 40_000, "joins of a round")
	flags.IntVar(&s.Polls, "polls", 100_000, "polls of a round")
	flags.BoolVar(&s.WithoutRedis, "no-redis", false, "leave the usual room out")
	return cmd
}
