package cli

import "github.com/spf13/cobra"

func newLedgerCommand() *cobra.Command {
	var address string
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Look after the ledger: import, withdraw, accesses, audit, back up, restore",
		Long: `Look after the ledger, beside the booking servers that use it: they follow what
changes within a second.`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&address, "ledger", "", "`address` of the ledger: sqlite:PATH or postgres://…")
	if err := cmd.MarkPersistentFlagRequired("ledger"); err != nil {
		panic(err) // the flag of the line before
	}
	cmd.AddCommand(newLedgerImportCommand(&address), newLedgerWithdrawCommand(&address),
		newLedgerAccessesCommand(&address), newLedgerAuditCommand(&address), newLedgerBackupCommand(&address), newLedgerRestoreCommand(&address))
	return cmd
}
