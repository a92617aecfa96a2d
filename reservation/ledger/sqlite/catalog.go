package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

var (
	seedVaccines     = intoOver("vaccines", "id", "doses", "interval_days", "slack_days")
	seedInstitutions = intoOver("institutions", "id", "name", "province", "district")
	seedSlots        = intoUnlessThere("slots", "id", "institution", "start", "vaccine")
	seedPlaces       = intoUnlessThere("places", "slot", "capacity")
)

// Seed adds what is not there yet and brings vaccines and institutions up to date,
// in one transaction.
func (s *Store) Seed(ctx context.Context, c ledger.Catalog) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	if err := s.lock.Lock(ctx); err != nil {
		return err
	}
	defer s.lock.Unlock()
	tx, err := s.writes.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	defer tx.Rollback()
	before, err := changesOf(ctx, tx)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	w := writing{ctx: ctx, q: tx}
	w.catalog(c)
	if w.err != nil {
		return fmt.Errorf("seed: %w", w.err)
	}
	after, err := changesOf(ctx, tx)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	if after == before {
		return nil
	}
	if _, err := imported(ctx, tx, time.Now().UnixMilli(), true); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	return nil
}

// changesOf counts the rows that the connection has written.
func changesOf(ctx context.Context, tx *sql.Tx) (n int64, err error) {
	return n, tx.QueryRowContext(ctx, `SELECT total_changes()`).Scan(&n)
}

func (w *writing) catalog(c ledger.Catalog) {
	var vaccines, institutions, slots, places []any
	for _, v := range c.Vaccines {
		vaccines = append(vaccines, v.ID, int64(v.Doses), int64(v.IntervalDays), int64(v.SlackDays))
	}
	for _, in := range c.Institutions {
		institutions = append(institutions, int64(in.ID), in.Name, in.Province, in.District)
	}
	for _, s := range c.Slots {
		slots = append(slots, int64(s.ID), int64(s.Institution), int64(s.Start), s.Vaccine)
		places = append(places, int64(s.ID), int64(s.Capacity))
	}
	w.insert(seedVaccines, vaccines)
	w.insert(seedInstitutions, institutions)
	w.insert(seedSlots, slots)
	w.insert(seedPlaces, places)
}

func (s *Store) catalogVersion(ctx context.Context) (version int64, err error) {
	return version, s.reads.QueryRowContext(ctx, `SELECT coalesce(max(id), 0) FROM imports`).Scan(&version)
}

// Catalog returns all that can be booked.
func (s *Store) Catalog(ctx context.Context) (c ledger.Catalog, version int64, err error) {
	if version, err = s.catalogVersion(ctx); err != nil {
		return c, 0, fmt.Errorf("catalog: %w", err)
	}
	vaccines := read(ctx, s.reads, `SELECT id, doses, interval_days, slack_days FROM vaccines ORDER BY id`,
		func(v *booking.Vaccine) []any { return []any{&v.ID, &v.Doses, &v.IntervalDays, &v.SlackDays} }, &c.Vaccines)
	institutions := read(ctx, s.reads, `SELECT id, name, province, district FROM institutions ORDER BY id`,
		func(in *booking.Institution) []any { return []any{&in.ID, &in.Name, &in.Province, &in.District} }, &c.Institutions)
	slots := read(ctx, s.reads, ledger.SelectSlots+`ORDER BY s.id`, ledger.SlotFields, &c.Slots)
	if err := errors.Join(vaccines, institutions, slots); err != nil {
		return c, 0, fmt.Errorf("catalog: %w", err)
	}
	return c, version, nil
}

// Supplied returns what has become of the catalog since a version.
func (s *Store) Supplied(ctx context.Context, since int64) (news ledger.Supply, err error) {
	if news.Version, news.Added, err = importedSince(ctx, s.reads, since); err == nil && news.Version != since && !news.Added {
		err = read(ctx, s.reads, ledger.SelectSlots+`WHERE p.version > 0 AND p.version > ? ORDER BY s.id`, ledger.SlotFields, &news.Slots, since)
	}
	if err != nil {
		return ledger.Supply{}, fmt.Errorf("supplied: %w", err)
	}
	return news, nil
}

// read appends a query's rows to list; fields names the columns' destinations.
func read[T any](ctx context.Context, db *sql.DB, query string, fields func(*T) []any, list *[]T, args ...any) error {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var row T
		if err := rows.Scan(fields(&row)...); err != nil {
			return err
		}
		*list = append(*list, row)
	}
	return rows.Err()
}
