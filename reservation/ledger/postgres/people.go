package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"sunbeon/reservation/ledger"
)

// Of two lines for one person in the same call the last one counts, as in two
// calls.
const (
	enrol = `
INSERT INTO rosters (cohort, person, reason, detail)
SELECT DISTINCT ON (cohort, person) cohort, person, reason, detail
FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY AS r (cohort, person, reason, detail, n)
ORDER BY cohort, person, n DESC
ON CONFLICT (cohort, person) DO UPDATE SET reason = excluded.reason, detail = excluded.detail`

	forgetRefusals = `
DELETE FROM refusals AS r USING unnest($1::text[], $2::text[]) AS u (person, cohort)
WHERE r.person = u.person AND r.cohort = u.cohort`

	insertRefusals = `
INSERT INTO refusals (person, cohort, reason, sealed, time_ms)
SELECT DISTINCT ON (person, cohort) person, cohort, reason, sealed, time_ms
FROM unnest($1::text[], $2::text[], $3::text[], $4::bytea[], $5::bigint[]) WITH ORDINALITY AS r (person, cohort, reason, sealed, time_ms, n)
ORDER BY person, cohort, n DESC`
)

// Enrol writes lines of rosters, in one statement.
func (s *Store) Enrol(ctx context.Context, lines []ledger.Enrolment) error {
	cohort, person := make([]string, len(lines)), make([]string, len(lines))
	reason, detail := make([]string, len(lines)), make([]string, len(lines))
	for i, e := range lines {
		cohort[i], person[i], reason[i], detail[i] = e.Cohort, e.Person, e.Reason, e.Detail
	}
	if _, err := s.pool.Exec(ctx, enrol, cohort, person, reason, detail); err != nil {
		return fmt.Errorf("rosters: %w", err)
	}
	return nil
}

// Enrolled returns a person's line in the roster of a cohort.
func (s *Store) Enrolled(ctx context.Context, person, cohort string) (ledger.Enrolment, error) {
	e := ledger.Enrolment{Cohort: cohort, Person: person}
	err := s.pool.QueryRow(ctx, `SELECT reason, detail FROM rosters WHERE cohort = $1 AND person = $2`, cohort, person).
		Scan(&e.Reason, &e.Detail)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return e, fmt.Errorf("roster of %s: %w", cohort, err)
	}
	return e, nil
}

// Refused remembers refusals; a later one of the same person takes a new id.
func (s *Store) Refused(ctx context.Context, list []ledger.Refusal) error {
	person, cohort, reason := make([]string, len(list)), make([]string, len(list)), make([]string, len(list))
	sealed, at := make([][]byte, len(list)), make([]int64, len(list))
	for i, r := range list {
		person[i], cohort[i], reason[i], sealed[i], at[i] = r.Person, r.Cohort, r.Reason, r.Sealed, r.TimeMS
		if sealed[i] == nil {
			sealed[i] = []byte{}
		}
	}
	// In turn with all other writers: two processes may refuse one person.
	err := pgx.BeginTxFunc(ctx, s.pool, writing, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, forgetRefusals, person, cohort); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, insertRefusals, person, cohort, reason, sealed, at)
		return err
	})
	if err != nil {
		return fmt.Errorf("refusals: %w", err)
	}
	return nil
}

// Refusals returns those after an id.
func (s *Store) Refusals(ctx context.Context, after int64, limit int) ([]ledger.Refusal, error) {
	list, err := collect(ctx, s, `SELECT id, person, cohort, reason, sealed, time_ms FROM refusals WHERE id > $1 ORDER BY id LIMIT $2`,
		func(r *ledger.Refusal) []any {
			return []any{&r.ID, &r.Person, &r.Cohort, &r.Reason, &r.Sealed, &r.TimeMS}
		}, after, limit)
	if err != nil {
		return nil, fmt.Errorf("refusals: %w", err)
	}
	return list, nil
}

// Forget drops refusals.
func (s *Store) Forget(ctx context.Context, refusals []int64) error {
	if _, err := s.pool.Exec(ctx, `DELETE FROM refusals WHERE id = ANY ($1)`, refusals); err != nil {
		return fmt.Errorf("forget refusals: %w", err)
	}
	return nil
}
