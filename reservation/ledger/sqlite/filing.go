package sqlite

import (
	"context"
	"database/sql"
	"fmt"
	"math"

	"sunbeon/reservation/booking"
)

var insertPersons = intoUnlessThere("persons", "tag", "serial")

const (
	// A limit is another statement: its value is part of the plan, so that each
	// execution would prepare it anew.
	loadUnfiled  = `SELECT serial, person FROM bookings WHERE serial > max(?, (SELECT filed FROM progress)) ORDER BY serial`
	loadBacklog  = loadUnfiled + ` LIMIT ?`
	loadBehind   = `SELECT (SELECT coalesce(max(serial), 0) FROM bookings) - filed FROM progress`
	updateFiling = `UPDATE OR ROLLBACK progress SET filed = ?, filing = ?, next_tag = ?`
)

// learn reads the bookings made since the last look, all that were committed when
// the number at was the highest given out.
func (s *Store) learn(ctx context.Context, q reader, at int64) error {
	list, err := unfiled(ctx, q, loadUnfiled, s.persons.Known())
	if err != nil {
		return err
	}
	s.persons.Learn(list, at)
	return nil
}

// unfiled are the bookings a query finds that may not be in the table of persons.
func unfiled(ctx context.Context, q reader, query string, args ...any) (list []entry, err error) {
	err = scanAll(ctx, q, query, func(rows *sql.Rows) error {
		var person string
		var serial int64
		err := rows.Scan(&serial, &person)
		list = append(list, entryOf(person, serial))
		return err
	}, args...)
	if err != nil {
		return nil, fmt.Errorf("bookings not filed: %w", err)
	}
	return list, nil
}

func entriesOf(list []booking.Made) []entry {
	entries := make([]entry, len(list))
	for i, m := range list {
		entries[i] = entryOf(m.Person, m.Serial)
	}
	return entries
}

func (w *writing) file(p portion) {
	if p.none {
		return
	}
	args := make([]any, 0, insertPersons.columns*len(p.rows))
	for _, e := range p.rows {
		args = append(args, e.tag, e.serial)
	}
	w.insert(insertPersons, args)
	w.exec("filing", updateFiling, p.then.filed, p.then.goal, p.then.next)
}

// fileBacklog files what a release left that had no table of persons: there is more
// of it than a process leaves, and than one should take into memory. What is left is
// read later, when nobody waits for the lock.
func (s *Store) fileBacklog(ctx context.Context) error {
	for backlog := 3 * s.persons.generation; ; {
		var behind int64 // at most so many, in numbers given out
		if err := s.writes.QueryRowContext(ctx, loadBehind).Scan(&behind); err != nil || behind < int64(backlog) {
			return err
		}
		list, err := unfiled(ctx, s.writes, loadBacklog, 0, backlog)
		if err != nil || len(list) < backlog {
			return err
		}
		all := newPersons(backlog)
		last := list[len(list)-1].serial
		all.Learn(list, last)
		all.Follow(filing{goal: last, next: math.MinInt64})
		tx, err := s.writes.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		w := writing{ctx: ctx, q: s.batch.in(tx)}
		w.file(all.File(len(list)))
		if w.err != nil {
			tx.Rollback()
			return w.err
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
}
