package sqlite

import (
	"context"
	"database/sql"
	"fmt"
)

// querier is a pool of connections, a transaction, or a transaction with
// prepared statements.
type querier interface {
	reader
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
}

// reader is what answers queries.
type reader interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
}

// statements are those of a batch, prepared once: parsing them took a seventh
// of a batch's time.
type statements map[string]*sql.Stmt

func prepareBatch(ctx context.Context, db *sql.DB) (statements, error) {
	texts := []string{loadHead, loadMoves, loadUnfiled, loadPersons, loadAnswers, loadMissed, updateBookings, updateReplaced, insertMoves, updatePlace, updateSwept, dropMoves, updateFiling}
	for _, into := range []insert{insertEvents, insertBookings, insertAnswers, insertPersons} {
		for _, s := range into.steps {
			texts = append(texts, s.statement)
		}
	}
	return prepare(ctx, db, texts...)
}

func prepare(ctx context.Context, db *sql.DB, texts ...string) (statements, error) {
	prepared := statements{}
	for _, text := range texts {
		statement, err := db.PrepareContext(ctx, text)
		if err != nil {
			return nil, fmt.Errorf("prepare %q: %w", text, err)
		}
		prepared[text] = statement
	}
	return prepared, nil
}

// QueryContext runs a prepared query outside of a transaction.
func (s statements) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return s[query].QueryContext(ctx, args...)
}

// in binds the statements to a transaction.
func (s statements) in(tx *sql.Tx) querier { return preparedTx{s, tx} }

type preparedTx struct {
	statements
	tx *sql.Tx
}

func (p preparedTx) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if statement, ok := p.statements[query]; ok {
		return p.tx.StmtContext(ctx, statement).QueryContext(ctx, args...)
	}
	return p.tx.QueryContext(ctx, query, args...)
}

func (p preparedTx) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if statement, ok := p.statements[query]; ok {
		return p.tx.StmtContext(ctx, statement).ExecContext(ctx, args...)
	}
	return p.tx.ExecContext(ctx, query, args...)
}
