package ledger

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"sunbeon/reservation/booking"
)

// Source is what a snapshot is made from.
type Source interface {
	// Catalog returns all that can be booked and its version, 0 before the first
	// import.
	Catalog(ctx context.Context) (Catalog, int64, error)
	// Supplied returns what has become of the catalog since a version of it.
	Supplied(ctx context.Context, since int64) (Supply, error)
	// Counts returns the free places of each slot that changed since a point,
	// of all slots since 0, and the point the counts are current to. A point
	// holds for the store as it was opened.
	Counts(ctx context.Context, since int64) ([]Count, int64, error)
}

// Supply is what has become of a catalog.
type Supply struct {
	Version int64
	Added   bool // there is more than before: the catalog is to be read anew
	// Slots are those whose places were changed or withdrawn, as they are now.
	Slots []booking.Slot
}

// Count is the number of places free in a slot.
type Count struct {
	Slot booking.SlotID
	Free int
}

// Availability is a copy in memory of what is free, at most about a second old.
// Searches read it without locks and never touch the store.
type Availability struct {
	source  Source
	refresh sync.Mutex
	current atomic.Pointer[shelf]
	fresh   atomic.Int64 // unix nanoseconds of the last refresh that succeeded
}

// NewAvailability returns an empty snapshot; [Availability.Refresh] fills it.
func NewAvailability(source Source) *Availability { return &Availability{source: source} }

// ErrEmpty says that nothing has been imported yet.
var ErrEmpty = errors.New("no slots have been imported")

// Refresh brings the snapshot up to now.
func (a *Availability) Refresh(ctx context.Context, now time.Time) error {
	a.refresh.Lock()
	defer a.refresh.Unlock()
	s, err := a.stocked(ctx)
	if err != nil {
		return fmt.Errorf("refresh availability: %w", err)
	}
	counts, point, err := a.source.Counts(ctx, s.point)
	if err != nil {
		return fmt.Errorf("refresh availability: %w", err)
	}
	s.apply(counts)
	s.point = point
	s.refreshed.Add(1)
	a.current.Store(s)
	a.fresh.Store(now.UnixNano())
	return nil
}

// stocked is the shelf with the catalog as it is now.
func (a *Availability) stocked(ctx context.Context) (*shelf, error) {
	if s := a.current.Load(); s != nil {
		news, err := a.source.Supplied(ctx, s.version)
		if err != nil {
			return nil, err
		}
		if !news.Added {
			s.supply(news)
			return s, nil
		}
	}
	catalog, version, err := a.source.Catalog(ctx)
	if err != nil {
		return nil, err
	}
	if version == 0 {
		return nil, ErrEmpty
	}
	return newShelf(catalog, version), nil
}

// Run refreshes at once and then every interval until ctx ends and hands errors
// to report; nil means that the snapshot is current again.
func (a *Availability) Run(ctx context.Context, interval time.Duration, report func(error)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for now := time.Now(); ; {
		if err := a.Refresh(ctx, now); ctx.Err() == nil {
			report(err)
		}
		select {
		case now = <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// Age is how long ago the snapshot was current; it is an error if it never was.
func (a *Availability) Age(now time.Time) (time.Duration, error) {
	fresh := a.fresh.Load()
	if fresh == 0 {
		return 0, ErrEmpty
	}
	return now.Sub(time.Unix(0, fresh)), nil
}

// Slot returns a slot and its institution.
func (a *Availability) Slot(id booking.SlotID) (booking.Offer, bool) {
	s := a.current.Load()
	if s == nil {
		return booking.Offer{}, false
	}
	i, ok := s.bySlot[id]
	if !ok {
		return booking.Offer{}, false
	}
	return s.offer(i), true
}

// Full notes that the ledger has just found a slot taken, so that people are
// not sent there until the snapshot knows by itself.
func (a *Availability) Full(id booking.SlotID) {
	if s := a.current.Load(); s != nil {
		if i, ok := s.bySlot[id]; ok {
			s.close(i, 2)
		}
	}
}

// soldOutFor is how many refreshes an institution without vaccine passes for full:
// ten seconds with the booking servers' four a second.
const soldOutFor = 40

// SoldOut notes that an institution has no vaccine left for a slot, nor for its
// other ones with the same vaccine, so that people are not sent from one to the
// next; for a while, as somebody may give some back.
func (a *Availability) SoldOut(id booking.SlotID) {
	s := a.current.Load()
	if s == nil {
		return
	}
	at, ok := s.bySlot[id]
	if !ok {
		return
	}
	in := s.byInstitution[s.slots[at].Institution]
	for i := s.first[in]; i < s.first[in+1]; i++ {
		if s.slots[i].Vaccine == s.slots[at].Vaccine {
			s.close(i, soldOutFor)
		}
	}
}

// Begins reports whether a course can begin in a slot: if it has two doses, the
// institution has slots for the second, full or not.
func (a *Availability) Begins(id booking.SlotID) bool {
	s := a.current.Load()
	if s == nil {
		return false
	}
	i, ok := s.bySlot[id]
	return ok && s.begins[i]
}

// Institution returns an institution.
func (a *Availability) Institution(id booking.InstitutionID) (booking.Institution, bool) {
	s := a.current.Load()
	if s == nil {
		return booking.Institution{}, false
	}
	i, ok := s.byInstitution[id]
	if !ok {
		return booking.Institution{}, false
	}
	return s.institutions[i], true
}

// candidates is how many slots a request names for its second dose. More would
// rarely be needed within the second the snapshot is old, and every one costs
// the ledger a row to read.
const candidates = 4

// SecondDose returns the slots the second dose after a first may take, free ones
// only, best first. The person's own count as free to who moves a booking. The
// vaccine says whether there must be one at all.
func (a *Availability) SecondDose(first booking.SlotID, own ...booking.SlotID) (slots []booking.SlotID, v booking.Vaccine) {
	s := a.current.Load()
	if s == nil {
		return nil, v
	}
	i, ok := s.bySlot[first]
	if !ok {
		return nil, v
	}
	v = s.vaccines[s.slots[i].Vaccine]
	for slot := range booking.SecondDose(s.slots[i], v, s.slotsOf(s.slots[i].Institution)) {
		if s.left(s.bySlot[slot.ID]) > 0 || slices.Contains(own, slot.ID) {
			slots = append(slots, slot.ID)
		}
		if len(slots) == candidates {
			break
		}
	}
	return slots, v
}
