package cli

import (
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/dial"
)

func newLedgerAuditCommand(address *string) *cobra.Command {
	return &cobra.Command{
		Use:   "audit",
		Short: "Count broken invariants; fails if there is one",
		Args:  exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			store, err := dial.OpenReadOnly(cmd.Context(), *address)
			if err != nil {
				return err
			}
			defer store.Close()
			a, err := store.Audit(cmd.Context())
			if err != nil {
				return err
			}
			broken := printLedgerAudit(cmd.OutOrStdout(), a)
			if broken > 0 {
				return fmt.Errorf("%d rows break an invariant", broken)
			}
			return nil
		},
	}
}

func printLedgerAudit(out io.Writer, a ledger.Audit) (broken int64) {
	fmt.Fprintf(out, "%-24s %d\n", "live bookings", a.Live)
	violations := a.Violations()
	for _, invariant := range slices.Sorted(maps.Keys(violations)) {
		fmt.Fprintf(out, "%-24s %d\n", invariant, violations[invariant])
		broken += violations[invariant]
	}
	return broken
}

func newLedgerBackupCommand(address *string) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Write a consistent copy while the servers go on booking",
		Long: `Write a consistent copy of the ledger to a file that does not exist, while the
servers go on booking. PostgreSQL's needs pg_dump. Personal data in it stays
sealed: keep the keys elsewhere.`,
		Example: `  sunbeon ledger backup --ledger sqlite:ledger.db --to ledger-2021-08-26.backup`,
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := dial.Backup(cmd.Context(), *address, to); err != nil {
				return err
			}
			fmt.Fprintln(cmd.OutOrStdout(), "backed up to", to)
			return nil
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "`file` to write; must not exist")
	if err := cmd.MarkFlagRequired("to"); err != nil {
		panic(err) // the flag of the line before
	}
	return cmd
}

func newLedgerRestoreCommand(address *string) *cobra.Command {
	var from string
	cmd := &cobra.Command{
		Use:   "restore",
		Short: "Make a ledger from a backup, where there is none",
		Long: `Make a ledger from a backup, at an address where there is none: a file that does
not exist or an empty database. The servers must be stopped. The ledger is
checked and audited, and no booking number that was given out since the backup is ever given
to another person. PostgreSQL's needs pg_restore and psql.`,
		Example: `  sunbeon ledger restore --ledger sqlite:restored.db --from ledger-2021-08-26.backup`,
		Args:    exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			a, err := dial.Restore(cmd.Context(), from, *address)
			if err != nil {
				return err
			}
			printLedgerAudit(cmd.OutOrStdout(), a)
			return nil
		},
	}
	cmd.Flags().StringVar(&from, "from", "", "backup `file`")
	if err := cmd.MarkFlagRequired("from"); err != nil {
		panic(err) // the flag of the line before
	}
	return cmd
}
