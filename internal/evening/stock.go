package evening

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"time"

	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/sqlite"
	"sunbeon/reservation/rush"
)

// catalog says which institutions and slots the ledger was filled with.
type catalog struct {
	People   int       `json:"people"`
	Seed     uint64    `json:"seed"`
	FirstDay time.Time `json:"first_day"`
	Ratio    float64   `json:"ratio,omitempty"`
	Places   int       `json:"places,omitempty"`
}

// daysAhead is when the first doses are given, counted from tonight.
const daysAhead = 7

// stock fills the ledger with institutions and slots for the number of people,
// once: an evening that is carried on with keeps the slots it began with, and
// is not begun on a damaged ledger.
// Filling is idempotent, so a start cut short is completed by the next.
func (s *system) stock(now time.Time) error {
	done := s.dir.join("ledger", "catalog.json")
	if _, err := os.Stat(done); err == nil {
		return sqlite.Check(context.Background(), s.ledgerFile())
	} else if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read the ledger's folder: %w", err)
	}
	c := catalog{People: max(s.cfg.People, 1000), Seed: s.cfg.Seed, FirstDay: now.AddDate(0, 0, daysAhead)}
	if s.cfg.Staging != nil { // no time is short in a scenario
		c.Ratio, c.Places = 20, 200
	}
	if err := fill(s.ledgerFile(), c); err != nil {
		return fmt.Errorf("fill the ledger: %w", err)
	}
	raw, err := json.Marshal(c)
	if err != nil {
		return err
	}
	return writeFile(done, append(raw, '\n'), 0o640)
}

func fill(file string, c catalog) error {
	ctx := context.Background()
	store, err := sqlite.Open(ctx, file)
	if err != nil {
		return err
	}
	world := rush.World(rush.Demand{People: c.People, Seed: c.Seed, FirstDay: c.FirstDay, Ratio: c.Ratio, Places: c.Places})
	err = store.Seed(ctx, ledger.Catalog(world))
	if err := errors.Join(err, store.Close()); err != nil {
		return err
	}
	debug.FreeOSMemory() // this process lives on and needs none of it again
	return nil
}
