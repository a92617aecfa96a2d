package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/controlplane/bench"
)

func newBenchPlanCommand() *cobra.Command {
	var s bench.Settings
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "plan",
		Short: "Measure the control plane: writes beside etcd's, watch, failover, restart",
		Long: `Measure the control plane, in this order: writes through a follower beside those
of three etcd on this machine (same value, same durability, same certificates, as
many connections); changes told to many watchers of one follower; leaders killed
under an open line, with the admission rate watched; and a node started again
with a plan as full as it can get.

It needs etcd in the PATH (Debian: etcd-server), unless told --no-etcd. Other
work on the machine shows in the figures.`,
		Example: `  sunbeon bench plan
  sunbeon bench plan --json | jq .p99_ratio_to_etcd
  sunbeon bench plan --kills 5 --rounds 3 --round 1s`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if s.Binary, err = os.Executable(); err != nil {
				return fmt.Errorf("find this program: %w", err)
			}
			s.Progress = func(line string) { fmt.Fprintln(cmd.ErrOrStderr(), line) }
			report, err := bench.Run(cmd.Context(), s)
			if err != nil {
				return err
			}
			if !asJSON {
				return report.Print(cmd.OutOrStdout())
			}
			raw, err := json.Marshal(report)
			if err != nil {
				return err
			}
			return printJSON(cmd.OutOrStdout(), raw)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&asJSON, "json", false, "print the figures as JSON instead of a table")
	flags.StringVar(&s.Dir, "dir", "", "`directory` on the disk to be measured; kept afterwards, if named")
	flags.BoolVar(&s.WithoutEtcd, "no-etcd", false, "measure without comparing with etcd")
	flags.IntVar(&s.Rounds, "rounds", 7, "interleaved rounds of writes; the middle one counts")
	flags.DurationVar(&s.Round, "round", 3*time.Second, "how long a round lasts")
	flags.IntVar(&s.Clients, "clients", 16, "clients that write at the same time, through a follower")
	flags.IntVar(&s.Kills, "kills", 30, "how many leaders to kill")
	flags.IntVar(&s.Watchers, "watchers", 1000, "how many followers of the plan to serve at the same time")
	return cmd
}
