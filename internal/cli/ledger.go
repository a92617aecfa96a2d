package cli

import (
	"encoding/csv"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/dial"
	"sunbeon/reservation/ledger/sheet"
)

func newLedgerCommand() *cobra.Command {
	var address string
	cmd := &cobra.Command{
		Use:   "ledger",
		Short: "Look after the ledger: import, withdraw, audit, back up, restore",
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
		newLedgerAuditCommand(&address), newLedgerBackupCommand(&address), newLedgerRestoreCommand(&address))
	return cmd
}

func newLedgerImportCommand(address *string) *cobra.Command {
	var vaccines, institutions, slots string
	var dry bool
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Import institutions and slots from CSV files",
		Long: `Import vaccines, institutions and slots from CSV files with a header line. Every
mistake is told with file, line and column, and nothing is written unless there
is none. What is there already stays, but a slot's capacity becomes the sheet's:
it shrinks as far as nobody holds the places, and the slots with more people than
places are listed.`,
		Example: `  sunbeon ledger import --ledger sqlite:ledger.db --dry-run \
    --vaccines vaccines.csv --institutions institutions.csv --slots slots.csv
  # vaccines.csv:     id,doses,interval_days,slack_days
  # institutions.csv: id,name,province,district
  # slots.csv:        id,institution,date,time,vaccine,capacity`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			catalog, err := readSheets(vaccines, institutions, slots)
			if err != nil {
				return err
			}
			out := cmd.OutOrStdout()
			fmt.Fprintf(out, "%d vaccines, %d institutions, %d slots\n", len(catalog.Vaccines), len(catalog.Institutions), len(catalog.Slots))
			if dry {
				fmt.Fprintln(out, "dry run: nothing was written")
				return nil
			}
			store, err := dial.Open(cmd.Context(), *address)
			if err != nil {
				return err
			}
			defer store.Close()
			if err := store.Seed(cmd.Context(), catalog); err != nil {
				return err
			}
			capacities := make(map[booking.SlotID]int, len(catalog.Slots))
			for _, s := range catalog.Slots {
				capacities[s.ID] = s.Capacity
			}
			surplus, err := store.SetCapacities(cmd.Context(), capacities)
			for _, id := range surplus {
				fmt.Fprintf(out, "slot %s has more people than places; see: sunbeon ledger withdraw\n", id)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&vaccines, "vaccines", "", "CSV `file` of vaccines")
	flags.StringVar(&institutions, "institutions", "", "CSV `file` of institutions")
	flags.StringVar(&slots, "slots", "", "CSV `file` of slots")
	flags.BoolVar(&dry, "dry-run", false, "read and check, write nothing")
	for _, name := range []string{"vaccines", "institutions", "slots"} {
		if err := cmd.MarkFlagRequired(name); err != nil {
			panic(err) // a flag named here and not above
		}
	}
	return cmd
}

func readSheets(names ...string) (ledger.Catalog, error) {
	files := make([]sheet.File, len(names))
	for i, name := range names {
		in, err := os.Open(name)
		if err != nil {
			return ledger.Catalog{}, err
		}
		defer in.Close()
		files[i] = sheet.File{Name: name, In: in}
	}
	return sheet.Read(sheet.Sheets{Vaccines: files[0], Institutions: files[1], Slots: files[2]})
}

func newLedgerWithdrawCommand(address *string) *cobra.Command {
	var keys, account, reason, date string
	var institution int64
	cmd := &cobra.Command{
		Use:   "withdraw",
		Short: "Withdraw an institution's slots and list the people to tell",
		Long: `Take an institution's slots off, all or those of one day: nobody books them any
more. Printed is a CSV list of the people who hold places there, to be told; with
their identity they change their booking without joining the line. Run it again to
see who is left.

The list is personal data: who took it and why is recorded in the ledger first.`,
		Example: `  sunbeon ledger withdraw --ledger sqlite:ledger.db --keys keys --institution 17 \
    --date 2021-08-26 --account kim --reason "clinic flooded" > people.csv`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
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
	catalog, _, err := store.Catalog(ctx, 0)
	if err != nil {
		return err
	}
	capacities, starts := map[booking.SlotID]int{}, map[booking.SlotID]booking.Moment{}
	var ids []booking.SlotID
	for _, s := range catalog.Slots {
		if s.Institution == institution && (date == "" || s.Start.Date() == date) {
			ids, capacities[s.ID], starts[s.ID] = append(ids, s.ID), 0, s.Start
		}
	}
	if len(ids) == 0 {
		return usageError{fmt.Errorf("institution %s has no such slots", institution)}
	}
	if _, err := store.SetCapacities(ctx, capacities); err != nil {
		return err
	}
	people, err := store.Holders(ctx, ids)
	if err != nil {
		return err
	}
	access := ledger.Access{TimeMS: time.Now().UnixMilli(), Account: account, Action: "withdraw", Reason: reason}
	for _, b := range people {
		access.Serials = append(access.Serials, b.Serial)
	}
	if err := store.Accessed(ctx, access); err != nil {
		return err
	}
	out := csv.NewWriter(cmd.OutOrStdout())
	out.Write([]string{"number", "name", "phone", "dose", "date", "time"})
	for _, b := range people {
		person, err := sealer.Open(b.Person, b.Sealed)
		if err != nil {
			return fmt.Errorf("booking %s: %w", b.Number(), err)
		}
		for i, slot := range b.Slots {
			if start, ok := starts[slot]; ok {
				out.Write([]string{string(b.Number()), person.Name, person.Phone, fmt.Sprint(i + 1), start.Date(), start.Clock()})
			}
		}
	}
	out.Flush()
	fmt.Fprintf(cmd.ErrOrStderr(), "%d slots withdrawn, %d people to tell\n", len(ids), len(people))
	return out.Error()
}
