package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/dial"
)

// revision is what a catalog's sheets make of a ledger.
type revision struct {
	added, corrected, withdrawn int
	places                      map[booking.SlotID]int // of slots that there are, where the sheet has others
}

// revise holds sheets against what the ledger has. Slots at another place or time are
// an error: what is there stays, because people may hold it, and a sheet that says
// otherwise is wrong. A slot that was withdrawn stays so unless it is to be offered
// again: sheets are imported anew for the sake of other lines.
func revise(there, sheets ledger.Catalog, reopen bool) (revision, error) {
	r := revision{places: map[booking.SlotID]int{}}
	r.corrected = corrected(there.Vaccines, sheets.Vaccines, func(v booking.Vaccine) string { return v.ID }) +
		corrected(there.Institutions, sheets.Institutions, func(in booking.Institution) booking.InstitutionID { return in.ID })
	known := make(map[booking.SlotID]booking.Slot, len(there.Slots))
	for _, s := range there.Slots {
		known[s.ID] = s
	}
	var moved []error
	for _, s := range sheets.Slots {
		old, ok := known[s.ID]
		switch {
		case !ok:
			r.added++
		case old.Institution != s.Institution || old.Start != s.Start || old.Vaccine != s.Vaccine:
			moved = append(moved, fmt.Errorf("slot %s is in the ledger already, at institution %s on %s %s for %s: withdraw it and import another under a new id",
				s.ID, old.Institution, old.Start.Date(), old.Start.Clock(), old.Vaccine))
		case old.WithdrawnMS > 0 && !reopen:
			r.withdrawn++
		case old.WithdrawnMS > 0 || old.Capacity != s.Capacity:
			r.places[s.ID] = s.Capacity
		}
	}
	if len(moved) > mostMoved {
		moved = append(moved[:mostMoved], fmt.Errorf("and %d more", len(moved)-mostMoved))
	}
	return r, errors.Join(moved...)
}

// mostMoved bounds how many are told.
const mostMoved = 20

// corrected counts the rows that there are and that the sheet has otherwise.
func corrected[T, K comparable](there, sheet []T, id func(T) K) (n int) {
	known := make(map[K]T, len(there))
	for _, row := range there {
		known[id(row)] = row
	}
	for _, row := range sheet {
		if old, ok := known[id(row)]; ok && old != row {
			n++
		}
	}
	return n
}

func (r revision) tell(out io.Writer) {
	fmt.Fprintf(out, "%d slots are new, %d get other places; %d vaccines and institutions are corrected\n", r.added, len(r.places), r.corrected)
	if r.withdrawn > 0 {
		fmt.Fprintf(out, "%d slots were withdrawn and stay so; --reopen offers them again\n", r.withdrawn)
	}
}

func importCatalog(ctx context.Context, out io.Writer, address string, f importFlags) error {
	sheets, err := readSheets(f.vaccines, f.institutions, f.slots)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%d vaccines, %d institutions, %d slots\n", len(sheets.Vaccines), len(sheets.Institutions), len(sheets.Slots))
	if f.dry {
		return tryCatalog(ctx, out, address, sheets, f.reopen)
	}
	store, err := dial.Open(ctx, address)
	if err != nil {
		return err
	}
	defer store.Close()
	there, _, err := store.Catalog(ctx)
	if err != nil {
		return err
	}
	r, err := revise(there, sheets, f.reopen)
	if err != nil {
		return err
	}
	if err := store.Seed(ctx, sheets); err != nil {
		return err
	}
	surplus, err := store.SetCapacities(ctx, r.places)
	if err != nil {
		return err
	}
	r.tell(out)
	for _, id := range surplus {
		fmt.Fprintf(out, "slot %s has more people than places; see: sunbeon ledger withdraw\n", id)
	}
	return nil
}

// tryCatalog tells what an import would do, and what there is against it.
func tryCatalog(ctx context.Context, out io.Writer, address string, sheets ledger.Catalog, reopen bool) error {
	var there ledger.Catalog
	store, err := dial.OpenReadOnly(ctx, address)
	switch {
	case errors.Is(err, dial.ErrNone):
		fmt.Fprintln(out, "there is no ledger yet")
	case err != nil:
		return err
	default:
		defer store.Close()
		if there, _, err = store.Catalog(ctx); err != nil {
			return err
		}
	}
	r, err := revise(there, sheets, reopen)
	if err != nil {
		return err
	}
	r.tell(out)
	fmt.Fprintln(out, "dry run: nothing was written")
	return nil
}
