package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/pressly/goose/v3"

	"sunbeon/reservation/booking"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate brings the schema up to date, unless what is there breaks a rule that the
// newest schema would only hold from then on.
func migrate(ctx context.Context, db *sql.DB) error {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, files)
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	switch from, to, err := provider.GetVersions(ctx); {
	case err != nil:
		return fmt.Errorf("read version of the schema: %w", err)
	case from == to:
		return nil
	case from > 0:
		if err := bookedOnce(ctx, db); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
	}
	if _, err := provider.Up(ctx); err != nil {
		return fmt.Errorf("migrate: %w", err)
	}
	return nil
}

// bookedOnce fails if two bookings are both the latest of one person, and names them.
func bookedOnce(ctx context.Context, db *sql.DB) error {
	var first, second int64
	err := db.QueryRowContext(ctx, `
SELECT min(serial), max(serial) FROM bookings WHERE replaced = 0 GROUP BY person HAVING count(*) > 1 LIMIT 1`).Scan(&first, &second)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return nil
	case err != nil:
		return fmt.Errorf("look for persons booked twice: %w", err)
	}
	return fmt.Errorf("bookings %s and %s (serials %d and %d) are of one person and neither replaces the other",
		booking.NumberOf(first), booking.NumberOf(second), first, second)
}
