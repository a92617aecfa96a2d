package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

const (
	seedVaccines = `
INSERT INTO vaccines SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[])
ON CONFLICT (id) DO UPDATE SET doses = excluded.doses, interval_days = excluded.interval_days, slack_days = excluded.slack_days
WHERE vaccines IS DISTINCT FROM excluded`

	seedInstitutions = `
INSERT INTO institutions SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[])
ON CONFLICT (id) DO UPDATE SET name = excluded.name, province = excluded.province, district = excluded.district
WHERE institutions IS DISTINCT FROM excluded`

	seedSlots = `
INSERT INTO slots SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) ON CONFLICT DO NOTHING`

	seedPlaces = `
INSERT INTO places (slot, capacity) SELECT * FROM unnest($1::bigint[], $2::bigint[]) ON CONFLICT DO NOTHING`
)

// Seed adds what is not there yet and brings vaccines and institutions up to date,
// in one transaction.
func (s *Store) Seed(ctx context.Context, c ledger.Catalog) error {
	if err := c.Validate(); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	if s.writes == nil {
		return fmt.Errorf("seed: %w", errReadOnly)
	}
	tx, err := s.writes.BeginTx(ctx, writing)
	if err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	defer tx.Rollback(context.WithoutCancel(ctx))
	added := int64(0)
	for _, rows := range []struct {
		statement string
		columns   []any
	}{
		{seedVaccines, vaccineColumns(c.Vaccines)},
		{seedInstitutions, institutionColumns(c.Institutions)},
		{seedSlots, slotColumns(c.Slots)},
		{seedPlaces, placeColumns(c.Slots)},
	} {
		done, err := tx.Exec(ctx, rows.statement, rows.columns...)
		if err != nil {
			return fmt.Errorf("seed: %w", err)
		}
		added += done.RowsAffected()
	}
	if added == 0 {
		return nil
	}
	if _, err := imported(ctx, tx, time.Now().UnixMilli(), true); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	if err := tx.Commit(ctx); err != nil {
		return fmt.Errorf("seed: %w", err)
	}
	return nil
}

func vaccineColumns(list []booking.Vaccine) []any {
	var id []string
	var doses, interval, slack []int64
	for _, v := range list {
		id, doses = append(id, v.ID), append(doses, int64(v.Doses))
		interval, slack = append(interval, int64(v.IntervalDays)), append(slack, int64(v.SlackDays))
	}
	return []any{id, doses, interval, slack}
}

func institutionColumns(list []booking.Institution) []any {
	var id []int64
	var name, province, district []string
	for _, in := range list {
		id, name = append(id, int64(in.ID)), append(name, in.Name)
		province, district = append(province, in.Province), append(district, in.District)
	}
	return []any{id, name, province, district}
}

func slotColumns(list []booking.Slot) []any {
	var id, institution, start []int64
	var vaccine []string
	for _, s := range list {
		id, institution = append(id, int64(s.ID)), append(institution, int64(s.Institution))
		start, vaccine = append(start, int64(s.Start)), append(vaccine, s.Vaccine)
	}
	return []any{id, institution, start, vaccine}
}

func placeColumns(list []booking.Slot) []any {
	var slot, capacity []int64
	for _, s := range list {
		slot, capacity = append(slot, int64(s.ID)), append(capacity, int64(s.Capacity))
	}
	return []any{slot, capacity}
}

func (s *Store) catalogVersion(ctx context.Context) (version int64, err error) {
	return version, s.pool.QueryRow(ctx, `SELECT coalesce(max(id), 0) FROM imports`).Scan(&version)
}

// Catalog returns all that can be booked.
func (s *Store) Catalog(ctx context.Context) (c ledger.Catalog, version int64, err error) {
	if version, err = s.catalogVersion(ctx); err != nil {
		return c, 0, fmt.Errorf("catalog: %w", err)
	}
	var failed [3]error
	c.Vaccines, failed[0] = collect(ctx, s, `SELECT id, doses, interval_days, slack_days FROM vaccines ORDER BY id`,
		func(v *booking.Vaccine) []any { return []any{&v.ID, &v.Doses, &v.IntervalDays, &v.SlackDays} })
	c.Institutions, failed[1] = collect(ctx, s, `SELECT id, name, province, district FROM institutions ORDER BY id`,
		func(in *booking.Institution) []any { return []any{&in.ID, &in.Name, &in.Province, &in.District} })
	c.Slots, failed[2] = collect(ctx, s, ledger.SelectSlots+`ORDER BY s.id`, ledger.SlotFields)
	if err := errors.Join(failed[:]...); err != nil {
		return c, 0, fmt.Errorf("catalog: %w", err)
	}
	return c, version, nil
}

// Supplied returns what has become of the catalog since a version.
func (s *Store) Supplied(ctx context.Context, since int64) (news ledger.Supply, err error) {
	if news.Version, news.Added, err = importedSince(ctx, s.pool, since); err == nil && news.Version != since && !news.Added {
		news.Slots, err = collect(ctx, s, ledger.SelectSlots+`WHERE p.version > 0 AND p.version > $1 ORDER BY s.id`, ledger.SlotFields, since)
	}
	if err != nil {
		return ledger.Supply{}, fmt.Errorf("supplied: %w", err)
	}
	return news, nil
}

// collect returns a query's rows; fields names the columns' destinations.
func collect[T any](ctx context.Context, s *Store, query string, fields func(*T) []any, args ...any) ([]T, error) {
	rows, err := s.pool.Query(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (t T, err error) {
		return t, row.Scan(fields(&t)...)
	})
}
