package cli

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/dial"
	"sunbeon/reservation/ledger/sheet"
)

func newLedgerWithdrawCommand(address *string) *cobra.Command {
	var keys, account, reason, date string
	var institution int64
	cmd := &cobra.Command{
		Use:   "withdraw",
		Short: "Withdraw an institution's slots and list the people to tell",
		Long: `Take an institution's slots off, all or those of one day: nobody books them any
more. Printed is a CSV list of the people who hold places there; the message
centre tells them too. With their identity they choose another time without
joining the line. Run it again to see who is left.

The list is personal data: who took it and why is recorded in the ledger first.`,
		Example: `  sunbeon ledger withdraw --ledger sqlite:ledger.db --keys keys --institution 17 \
    --date 2021-08-26 --account kim --reason "clinic flooded" > people.csv`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if date != "" {
				if _, err := time.Parse(time.DateOnly, date); err != nil {
					return usageError{fmt.Errorf("--date %q: write it like 2021-08-26", date)}
				}
			}
			secret, err := credential.LoadSecret(keys, "ledger.key")
			if err != nil {
				return err
			}
			sealer, err := ledger.NewSealer(secret)
			if err != nil {
				return err
			}
			store, err := dial.Open(cmd.Context(), *address)
			if err != nil {
				return err
			}
			defer store.Close()
			return withdraw(cmd, store, sealer, booking.InstitutionID(institution), date, account, reason)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&keys, "keys", "", "`directory` with ledger.key")
	flags.Int64Var(&institution, "institution", 0, "`id` of the institution")
	flags.StringVar(&date, "date", "", "only this `day`, like 2021-08-26")
	flags.StringVar(&account, "account", "", "your own `name`")
	flags.StringVar(&reason, "reason", "", "why")
	for _, name := range []string{"keys", "institution", "account", "reason"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag named here and not above
		}
	}
	return cmd
}

func withdraw(cmd *cobra.Command, store ledger.Store, sealer *ledger.Sealer, institution booking.InstitutionID, date, account, reason string) error {
	ctx := cmd.Context()
	catalog, _, err := store.Catalog(ctx)
	if err != nil {
		return err
	}
	starts := map[booking.SlotID]booking.Moment{}
	var ids []booking.SlotID
	for _, s := range catalog.Slots {
		if s.Institution == institution && (date == "" || s.Start.Date() == date) {
			ids, starts[s.ID] = append(ids, s.ID), s.Start
		}
	}
	if len(ids) == 0 {
		if date != "" {
			return fmt.Errorf("institution %s has no slots on %s", institution, date)
		}
		return fmt.Errorf("institution %s has no slots", institution)
	}
	// With another key nobody could be listed, and everybody would be told all the same.
	if _, _, err := legible(ctx, store, sealer); err != nil {
		return fmt.Errorf("nothing was withdrawn: %w", err)
	}
	now := time.Now().UnixMilli()
	if err := store.Withdraw(ctx, ids, now); err != nil {
		return err
	}
	people, err := store.Holders(ctx, ids)
	if err != nil {
		return err
	}
	access := ledger.Access{TimeMS: now, Account: account, Action: "withdraw", Reason: reason}
	for _, b := range people {
		access.Serials = append(access.Serials, b.Serial)
	}
	if err := store.Accessed(ctx, access); err != nil {
		return err
	}
	out := sheet.NewWriter(cmd.OutOrStdout())
	out.Write("number", "name", "phone", "dose", "date", "time")
	var damaged error
	for _, b := range people {
		person, err := sealer.Open(b.Person, b.Sealed)
		if err != nil { // listed all the same: the others are to be told
			damaged = errors.Join(damaged, fmt.Errorf("booking %s: %w", b.Number(), err))
		}
		for i, slot := range b.Slots {
			if start, ok := starts[slot]; ok {
				out.Write(string(b.Number()), person.Name, person.Phone, fmt.Sprint(i+1), start.Date(), start.Clock())
			}
		}
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "%d slots withdrawn, %d people to tell\n", len(ids), len(people))
	return errors.Join(out.Flush(), damaged)
}
