package legacy

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"
)

var (
	// ErrKeyReused means that the key already names another reservation.
	ErrKeyReused = errors.New("key names another reservation")
	// ErrReleased means that the key's reservation was given back; a released
	// key is never reserved again.
	ErrReleased = errors.New("reservation was released")
	// ErrNoStock means that the institution has too few doses left.
	ErrNoStock = errors.New("no doses left")
)

// Reservation holds doses at an institution under a key of the caller's choice.
type Reservation struct {
	Key         string `json:"key" minLength:"1" maxLength:"128" doc:"Names the reservation; sending it again changes nothing."`
	Institution string `json:"institution" minLength:"1" maxLength:"128"`
	Vaccine     string `json:"vaccine" minLength:"1" maxLength:"64"`
	Date        string `json:"date" format:"date" doc:"Day of the first dose."`
	Doses       int    `json:"doses" minimum:"1" maximum:"10"`
}

func (r Reservation) validate() error {
	switch {
	case r.Key == "" || tooLong(r.Key, 128):
		return errors.New("key: want 1 to 128 characters")
	case r.Institution == "" || tooLong(r.Institution, 128):
		return errors.New("institution: want 1 to 128 characters")
	case r.Vaccine == "" || tooLong(r.Vaccine, 64):
		return errors.New("vaccine: want 1 to 64 characters")
	case r.Doses < 1 || r.Doses > 10:
		return errors.New("doses: want 1 to 10")
	}
	if _, err := time.Parse(time.DateOnly, r.Date); err != nil {
		return fmt.Errorf("date %q: want an existing day as YYYY-MM-DD", r.Date)
	}
	return nil
}

// shelf is where doses lie.
type shelf struct{ institution, vaccine string }

// Warehouse holds the reservations of the stock system. With a log they
// outlive a restart.
type Warehouse struct {
	perShelf int

	mu       sync.Mutex
	entries  map[string]entry
	reserved map[shelf]int
	order    []string // keys as they came
	log      *stockLog
}

// entry is the last thing that happened to a key. A released key whose
// reservation was never seen has an empty Reservation.
type entry struct {
	Reservation
	MadeMS   int64 `json:"made_ms,omitempty"`
	Released bool  `json:"released,omitempty"`
}

// OpenWarehouse reads the log at path and appends to it from then on; an empty
// path keeps everything in memory. perShelf bounds the doses an institution has
// of each vaccine; 0 does not.
func OpenWarehouse(path string, perShelf int) (*Warehouse, error) {
	w := &Warehouse{perShelf: perShelf, entries: map[string]entry{}, reserved: map[shelf]int{}}
	if path == "" {
		return w, nil
	}
	log, err := openStockLog(path, w.set)
	if err != nil {
		return nil, fmt.Errorf("stock log: %w", err)
	}
	w.log = log
	return w, nil
}

// Close closes the log.
func (w *Warehouse) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.log.close()
}

// Reserve takes doses. It reports whether the reservation is new: asking again
// with the same key and content changes nothing.
func (w *Warehouse) Reserve(r Reservation) (created bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if known, ok := w.entries[r.Key]; ok {
		switch {
		case known.Released:
			return false, ErrReleased
		case known.Reservation != r:
			return false, ErrKeyReused
		}
		return false, nil
	}
	if w.perShelf > 0 && w.reserved[shelf{r.Institution, r.Vaccine}]+r.Doses > w.perShelf {
		return false, ErrNoStock
	}
	return true, w.change(entry{Reservation: r, MadeMS: time.Now().UnixMilli()})
}

// Release gives doses back. Releasing again, or a key never seen, succeeds: a
// reservation still on its way under that key is then refused when it arrives.
func (w *Warehouse) Release(key string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	known, ok := w.entries[key]
	if ok && known.Released {
		return nil
	}
	known.Key, known.Released = key, true
	return w.change(known)
}

// Lookup returns the live reservation under a key.
func (w *Warehouse) Lookup(key string) (Reservation, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known, ok := w.entries[key]
	return known.Reservation, ok && !known.Released
}

// Held is a live reservation in a list.
type Held struct {
	Key    string `json:"key"`
	MadeMS int64  `json:"made_ms" doc:"When it was reserved, in unix milliseconds."`
}

// HeldPage is a part of the list of live reservations, oldest first.
type HeldPage struct {
	Reservations []Held `json:"reservations"`
	Next         int    `json:"next" doc:"Continue from here; 0 at the end."`
}

// List returns live reservations from a position on; it looks at so many keys.
func (w *Warehouse) List(from, limit int) HeldPage {
	w.mu.Lock()
	defer w.mu.Unlock()
	page := HeldPage{Reservations: []Held{}}
	if from < 0 || from > len(w.order) {
		return page
	}
	end := min(from+limit, len(w.order))
	for _, key := range w.order[from:end] {
		if known := w.entries[key]; !known.Released {
			page.Reservations = append(page.Reservations, Held{Key: key, MadeMS: known.MadeMS})
		}
	}
	if end < len(w.order) {
		page.Next = end
	}
	return page
}

// Holding is what is reserved of a vaccine at an institution.
type Holding struct {
	Institution string `json:"institution"`
	Vaccine     string `json:"vaccine"`
	Reserved    int    `json:"reserved" doc:"Doses."`
}

// Inventory is the sum of all live reservations.
type Inventory struct {
	Reservations int       `json:"reservations"`
	Doses        int       `json:"doses"`
	Holdings     []Holding `json:"holdings"`
}

// Inventory sums up, ordered by institution and vaccine.
func (w *Warehouse) Inventory() Inventory {
	w.mu.Lock()
	defer w.mu.Unlock()
	inventory := Inventory{Holdings: []Holding{}}
	for _, known := range w.entries {
		if !known.Released {
			inventory.Reservations++
		}
	}
	for at, doses := range w.reserved {
		if doses > 0 {
			inventory.Doses += doses
			inventory.Holdings = append(inventory.Holdings, Holding{at.institution, at.vaccine, doses})
		}
	}
	slices.SortFunc(inventory.Holdings, func(a, b Holding) int {
		return cmp.Or(cmp.Compare(a.Institution, b.Institution), cmp.Compare(a.Vaccine, b.Vaccine))
	})
	return inventory
}

// change logs e before it holds. Callers hold mu.
func (w *Warehouse) change(e entry) error {
	if err := w.log.append(e); err != nil {
		return fmt.Errorf("stock log: %w", err)
	}
	w.set(e)
	return nil
}

func (w *Warehouse) set(e entry) {
	if _, ok := w.entries[e.Key]; !ok {
		w.order = append(w.order, e.Key)
	}
	if old, ok := w.entries[e.Key]; ok && !old.Released {
		w.reserved[shelf{old.Institution, old.Vaccine}] -= old.Doses
	}
	w.entries[e.Key] = e
	if !e.Released {
		w.reserved[shelf{e.Institution, e.Vaccine}] += e.Doses
	}
}
