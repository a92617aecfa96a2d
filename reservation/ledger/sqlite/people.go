package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"sunbeon/reservation/ledger"
)

var (
	enrol  = newInsert("INSERT OR REPLACE INTO ", "rosters", []string{"cohort", "person", "reason", "detail"}, "")
	refuse = newInsert("INSERT OR REPLACE INTO ", "refusals", []string{"person", "cohort", "reason", "sealed", "time_ms"}, "")
)

// Enrol writes lines of rosters, in one transaction.
func (s *Store) Enrol(ctx context.Context, lines []ledger.Enrolment) error {
	args := make([]any, 0, len(lines)*enrol.columns)
	for _, e := range lines {
		args = append(args, e.Cohort, e.Person, e.Reason, e.Detail)
	}
	return s.put(ctx, enrol, args)
}

// Enrolled returns a person's line in the roster of a cohort.
func (s *Store) Enrolled(ctx context.Context, person, cohort string) (ledger.Enrolment, error) {
	e := ledger.Enrolment{Cohort: cohort, Person: person}
	err := s.reads.QueryRowContext(ctx, `SELECT reason, detail FROM rosters WHERE cohort = ? AND person = ?`, cohort, person).
		Scan(&e.Reason, &e.Detail)
	if errors.Is(err, sql.ErrNoRows) {
		err = ledger.ErrNotFound
	}
	if err != nil {
		return e, fmt.Errorf("roster of %s: %w", cohort, err)
	}
	return e, nil
}

// Refused remembers refusals; a later one of the same person takes a new id.
func (s *Store) Refused(ctx context.Context, list []ledger.Refusal) error {
	args := make([]any, 0, len(list)*refuse.columns)
	for _, r := range list {
		args = append(args, r.Person, r.Cohort, r.Reason, sealed(r.Sealed), r.TimeMS)
	}
	return s.put(ctx, refuse, args)
}

func (s *Store) put(ctx context.Context, into insert, args []any) error {
	err := s.change(ctx, func(tx *sql.Tx) error { return into.run(ctx, tx, args) })
	if err != nil {
		return fmt.Errorf("%s: %w", into.table, err)
	}
	return nil
}

// Refusals returns those after an id.
func (s *Store) Refusals(ctx context.Context, after int64, limit int) ([]ledger.Refusal, error) {
	var list []ledger.Refusal
	err := read(ctx, s.reads, `SELECT id, person, cohort, reason, sealed, time_ms FROM refusals WHERE id > ? ORDER BY id LIMIT ?`,
		func(r *ledger.Refusal) []any {
			return []any{&r.ID, &r.Person, &r.Cohort, &r.Reason, &r.Sealed, &r.TimeMS}
		}, &list, after, limit)
	if err != nil {
		return nil, fmt.Errorf("refusals: %w", err)
	}
	return list, nil
}

// Forget drops refusals.
func (s *Store) Forget(ctx context.Context, refusals []int64) error {
	ids, err := json.Marshal(refusals)
	if err != nil {
		return err
	}
	err = s.change(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `DELETE FROM refusals WHERE id IN (SELECT value FROM json_each(?))`, string(ids))
		return err
	})
	if err != nil {
		return fmt.Errorf("forget refusals: %w", err)
	}
	return nil
}
