package cli

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"sunbeon/reservation/credential"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/dial"
	"sunbeon/reservation/ledger/sheet"
)

// importFlags name the sheets to import.
type importFlags struct {
	vaccines, institutions, slots string
	roster, keys                  string
	dry, reopen                   bool
}

func newLedgerImportCommand(address *string) *cobra.Command {
	var f importFlags
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Import institutions, slots and rosters from CSV files",
		Long: `Import vaccines, institutions and slots, or a roster of who may book, from CSV
files (UTF-8) with a header line. Every mistake is told with file, line and column,
and nothing is written unless there is none.

Vaccines and institutions become what the sheet says; bookings that there are stay as
they are. A sheet that has a slot at another place or time is refused. A slot's
capacity becomes the sheet's: it shrinks as far as nobody holds the places, and the
slots with more people than places are listed. Slots that were withdrawn stay so,
unless --reopen is given. What the sheets leave out stays.

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
	flags.BoolVar(&f.dry, "dry-run", false, "read, check and hold against the ledger, write nothing")
	flags.BoolVar(&f.reopen, "reopen", false, "offer slots of the sheet again that were withdrawn")
	cmd.MarkFlagsRequiredTogether("vaccines", "institutions", "slots")
	cmd.MarkFlagsRequiredTogether("roster", "keys")
	cmd.MarkFlagsOneRequired("slots", "roster")
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
