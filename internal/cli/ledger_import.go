package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/dial"
	"sunbeon/reservation/ledger/sheet"
)

// importFlags name the sheets to import.
type importFlags struct {
	vaccines, institutions, slots string
	roster, keys                  string
	dry                           bool
}

func newLedgerImportCommand(address *string) *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Import institutions, slots and rosters from CSV files",
		Long: `Import vaccines, institutions and slots, or a roster of who may book, from CSV
files (UTF-8) with a header line. Every mistake is told with file, line and column,
and nothing is written unless there is none.

Institutions and slots: what is there already stays, and a sheet that has a slot at
another place or time is refused. A slot's capacity becomes the sheet's: it shrinks
as far as nobody holds the places, and the slots with more people than places are
listed.

A roster names people by their connecting information (CI), of which only a keyed
hash is kept. A line without a reason says that the person may book with the
cohort, one with a reason says why not. A line overwrites the person's earlier one:
who was refused and may book now is invited back. It is written in portions while
the servers go on; after an interruption run it again.`,
		Example: `  sunbeon ledger import --ledger sqlite:ledger.db --dry-run \
    --vaccines vaccines.csv --institutions institutions.csv --slots slots.csv
  # vaccines.csv:     id,doses,interval_days,slack_days
  # institutions.csv: id,name,province,district
  # slots.csv:        id,institution,date,time,vaccine,capacity
  sunbeon ledger import --ledger sqlite:ledger.db --roster roster.csv --keys keys
  # roster.csv:       cohort,ci,reason,detail   (detail may be left out)`,
		Args: exactly(0),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.roster != "" {
				if err := importRoster(cmd.Context(), cmd.OutOrStdout(), *address, f); err != nil {
					return err
				}
			}
			if f.slots == "" {
				return nil
			}
			return importCatalog(cmd.Context(), cmd.OutOrStdout(), *address, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.vaccines, "vaccines", "", "CSV `file` of vaccines")
	flags.StringVar(&f.institutions, "institutions", "", "CSV `file` of institutions")
	flags.StringVar(&f.slots, "slots", "", "CSV `file` of slots")
	flags.StringVar(&f.roster, "roster", "", "CSV `file` of who may book with which cohort")
	flags.StringVar(&f.keys, "keys", "", "`directory` with login.key and person.key, for a roster")
	flags.BoolVar(&f.dry, "dry-run", false, "read and check, write nothing")
	cmd.MarkFlagsRequiredTogether("vaccines", "institutions", "slots")
	cmd.MarkFlagsRequiredTogether("roster", "keys")
	cmd.MarkFlagsOneRequired("slots", "roster")
	return cmd
}

func importCatalog(ctx context.Context, out io.Writer, address string, f importFlags) error {
	catalog, err := readSheets(f.vaccines, f.institutions, f.slots)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d vaccines, %d institutions, %d slots\n", len(catalog.Vaccines), len(catalog.Institutions), len(catalog.Slots))
	if f.dry {
		fmt.Fprintln(out, "dry run: nothing was written")
		return nil
	}
	store, err := dial.Open(ctx, address)
	if err != nil {
		return err
	}
	defer store.Close()
	if err := moved(ctx, store, catalog.Slots); err != nil {
		return err
	}
	if err := store.Seed(ctx, catalog); err != nil {
		return err
	}
	capacities := make(map[booking.SlotID]int, len(catalog.Slots))
	for _, s := range catalog.Slots {
		capacities[s.ID] = s.Capacity
	}
	surplus, err := store.SetCapacities(ctx, capacities)
	for _, id := range surplus {
		fmt.Fprintf(out, "slot %s has more people than places; see: sunbeon ledger withdraw\n", id)
	}
	return err
}

// moved refuses slots that the ledger has at another place or time: what is there
// stays, because people may hold it, and a sheet that says otherwise is wrong.
func moved(ctx context.Context, store ledger.Store, slots []booking.Slot) error {
	there, _, err := store.Catalog(ctx)
	if err != nil {
		return err
	}
	known := make(map[booking.SlotID]booking.Slot, len(there.Slots))
	for _, s := range there.Slots {
		known[s.ID] = s
	}
	var errs []error
	for _, s := range slots {
		old, ok := known[s.ID]
		if !ok || old.Institution == s.Institution && old.Start == s.Start && old.Vaccine == s.Vaccine {
			continue
		}
		if len(errs) == mostMoved {
			errs = append(errs, errors.New("and more"))
			break
		}
		errs = append(errs, fmt.Errorf("slot %s is in the ledger already, at institution %s on %s %s for %s: withdraw it and import another under a new id",
			s.ID, old.Institution, old.Start.Date(), old.Start.Clock(), old.Vaccine))
	}
	return errors.Join(errs...)
}

// mostMoved bounds how many are told.
const mostMoved = 20

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

// portion is how many lines of a roster are written at once: bookings wait for
// no longer than that takes.
const portion = 1000

// importRoster reads the file twice, to check and to write: it may be larger
// than memory.
func importRoster(ctx context.Context, out io.Writer, address string, f importFlags) error {
	keys, err := credential.LoadKeys(f.keys)
	if err != nil {
		return err
	}
	read := func(each func(ledger.Enrolment) error) error {
		in, err := os.Open(f.roster)
		if err != nil {
			return err
		}
		defer in.Close()
		return sheet.Roster(sheet.File{Name: f.roster, In: in}, keys.Person.Ref, each)
	}
	may, mayNot := 0, 0
	err = read(func(e ledger.Enrolment) error {
		if e.Reason == "" {
			may++
		} else {
			mayNot++
		}
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d people may book, %d may not\n", may, mayNot)
	if f.dry {
		fmt.Fprintln(out, "dry run: nothing was written")
		return nil
	}
	store, err := dial.Open(ctx, address)
	if err != nil {
		return err
	}
	defer store.Close()
	lines := make([]ledger.Enrolment, 0, portion)
	err = read(func(e ledger.Enrolment) error {
		if lines = append(lines, e); len(lines) < portion {
			return nil
		}
		err := store.Enrol(ctx, lines)
		lines = lines[:0]
		return err
	})
	if err != nil {
		return err
	}
	return store.Enrol(ctx, lines)
}
