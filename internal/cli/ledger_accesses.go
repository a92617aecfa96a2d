package cli

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/dial"
	"sunbeon/reservation/ledger/sheet"
)

func newLedgerAccessesCommand(address *string) *cobra.Command {
	var number, account string
	var since time.Duration
	cmd := &cobra.Command{
		Use:   "accesses",
		Short: "Show who of the staff saw or changed whose booking, and why",
		Long: `Print as CSV who of the staff saw personal data or acted for somebody, when, what
they did and why, oldest first: all of it, or about one booking, or by one account.
People are named by booking number and by their keyed reference.`,
		Example: `  sunbeon ledger accesses --ledger sqlite:ledger.db --number 7KQ3-M2XA
  sunbeon ledger accesses --ledger sqlite:ledger.db --account kim --since 24h`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			q := ledger.AccessQuery{Account: account}
			if number != "" {
				parsed, err := booking.ParseNumber(number)
				if err != nil {
					return usageError{err}
				}
				q.Serial = parsed.Serial()
			}
			if since > 0 {
				q.SinceMS = time.Now().Add(-since).UnixMilli()
			}
			store, err := dial.OpenReadOnly(cmd.Context(), *address)
			if err != nil {
				return err
			}
			defer store.Close()
			accesses, err := store.Accesses(cmd.Context(), q)
			if err != nil {
				return err
			}
			if len(accesses) == ledger.MostAccesses {
				fmt.Fprintf(cmd.ErrOrStderr(), "only the latest %d are shown; narrow it with --since\n", len(accesses))
			}
			out := sheet.NewWriter(cmd.OutOrStdout())
			out.Write("time", "account", "action", "reason", "number", "person")
			for _, a := range accesses {
				out.Write(time.UnixMilli(a.TimeMS).Format(time.RFC3339), a.Account, a.Action, a.Reason, numberOf(a), a.Person)
			}
			return out.Flush()
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&number, "number", "", "only what concerns this booking `number`")
	flags.StringVar(&account, "account", "", "only what this `name` did")
	flags.DurationVar(&since, "since", 0, "only the last `time`, like 24h")
	return cmd
}

func numberOf(a ledger.Access) string {
	if len(a.Serials) == 0 {
		return ""
	}
	return string(booking.NumberOf(a.Serials[0]))
}
