package bench

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	_ "modernc.org/sqlite" // registers the driver
)

// oneCommitEach books on the ledger's tables in SQLite with prepared statements,
// one transaction and one fsync a booking.
func oneCommitEach(ctx context.Context, path string) (contestant, error) {
	q := url.Values{"_busy_timeout": {"10000"}, "_synchronous": {"FULL"}, "_txlock": {"immediate"}}
	q.Add("_pragma", "cache_size(-8192)")
	q.Add("_pragma", "wal_autocheckpoint(4000)")
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+q.Encode())
	if err != nil {
		return contestant{}, err
	}
	db.SetMaxOpenConns(1)
	// What keeps anybody from holding a dose twice; the ledger has a trigger for it.
	if _, err := db.ExecContext(ctx, `DROP TRIGGER bookings_person; CREATE UNIQUE INDEX bookings_person ON bookings (person, replaced)`); err != nil {
		db.Close()
		return contestant{}, err
	}
	prepared := make([]*sql.Stmt, 4)
	for i, text := range []string{
		`SELECT capacity, taken FROM places WHERE slot = ?`,
		`UPDATE places SET taken = taken + 1 WHERE slot = ?`,
		`INSERT INTO bookings VALUES (?, ?, 0, 1, ?, ?, ?, 1, ?, ?, 'tenth-9', ?, ?, ?, ?, ?, NULL, NULL)`,
		`INSERT INTO outbox (id, kind, serial, cites, first, second, freed, time_ms) VALUES (?1, 'booked', ?1, 1, ?2, ?3, '', ?4)`,
	} {
		if prepared[i], err = db.PrepareContext(ctx, text); err != nil {
			db.Close()
			return contestant{}, err
		}
	}
	var turn sync.Mutex
	serial := int64(0)
	book := func(ctx context.Context, p wish) error {
		turn.Lock() // SQLite has one writer; its own waiting would only be slower
		defer turn.Unlock()
		tx, err := db.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		defer tx.Rollback()
		second := p.second[0]
		for _, slot := range []int64{int64(p.first), int64(second)} {
			var capacity, taken int64
			if err := tx.Stmt(prepared[0]).QueryRowContext(ctx, slot).Scan(&capacity, &taken); err != nil {
				return err
			}
			if taken >= capacity {
				return fmt.Errorf("slot %d is full", slot)
			}
			if _, err := tx.Stmt(prepared[1]).ExecContext(ctx, slot); err != nil {
				return err
			}
		}
		serial++
		if _, err := tx.Stmt(prepared[2]).ExecContext(ctx, serial, p.person, int64(p.first), int64(second), p.key,
			int64(p.first), int64(second), p.person[:26], p.person, p.timeMS, p.timeMS, p.sealed); err != nil {
			return err
		}
		if _, err := tx.Stmt(prepared[3]).ExecContext(ctx, serial, int64(p.first), int64(second), p.timeMS); err != nil {
			return err
		}
		return tx.Commit()
	}
	return contestant{book: book, close: func() { db.Close() }}, nil
}

// textbook books on the ledger's tables in PostgreSQL as textbooks do it: lock a
// slot, look, take a place; then insert and commit. Slots are locked in one
// order, so nothing deadlocks, and every statement is prepared.
func textbook(ctx context.Context, url string) (contestant, error) {
	cfg, err := pgxpool.ParseConfig(url)
	if err != nil {
		return contestant{}, err
	}
	cfg.ConnConfig.RuntimeParams["synchronous_commit"] = "on"
	open := func(connections int) (*pgxpool.Pool, error) {
		cfg.MaxConns = int32(connections)
		return pgxpool.NewWithConfig(ctx, cfg.Copy())
	}
	pool, err := open(16)
	if err != nil {
		return contestant{}, err
	}
	var serial atomic.Int64
	return contestant{
		book: func(ctx context.Context, p wish) error {
			return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error { return textbookWay(ctx, tx, serial.Add(1), p) })
		},
		resize: func(connections int) {
			pool.Close()
			pool, err = open(connections)
			if err != nil {
				panic(err) // the same configuration has been opened before
			}
		},
		close: func() { pool.Close() },
	}, nil
}

func textbookWay(ctx context.Context, tx pgx.Tx, serial int64, p wish) error {
	first, second := int64(p.first), int64(p.second[0])
	for _, slot := range []int64{first, second} {
		var capacity, taken int64
		if err := tx.QueryRow(ctx, `SELECT capacity, taken FROM places WHERE slot = $1 FOR UPDATE`, slot).Scan(&capacity, &taken); err != nil {
			return err
		}
		if taken >= capacity {
			return fmt.Errorf("slot %d is full", slot)
		}
		if _, err := tx.Exec(ctx, `UPDATE places SET taken = taken + 1 WHERE slot = $1`, slot); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, `INSERT INTO bookings VALUES ($1, $2, 0, true, $3, $4, $5, 1, $3, $4, 'tenth-9', $6, $2, $7, $7, $8, NULL)`,
		serial, p.person, first, second, p.key, p.person[:26], p.timeMS, p.sealed)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, `INSERT INTO outbox (id, kind, serial, cites, first, second, freed, time_ms) VALUES ($1, 'booked', $1, true, $2, $3, '', $4)`,
		serial, first, second, p.timeMS)
	return err
}
