package cli

import "github.com/spf13/cobra"

func newBenchCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure parts of the system on this machine",
		Long: `Measure parts of the system on this machine. Measurements start their own
processes on free ports and leave nothing behind.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newBenchPlanCommand(), newBenchLineCommand(), newBenchLedgerCommand(), newBenchEveningCommand())
	return cmd
}
