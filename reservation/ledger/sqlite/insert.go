package sqlite

import (
	"context"
	"fmt"
	"strings"
)

// insert adds rows to one table.
type insert struct {
	table   string
	columns int
	steps   []step
}

// step is a statement for so many rows.
type step struct {
	rows      int
	statement string
}

// strides are the numbers of rows for which there may be a statement. Rows as bound
// values cost half of what they cost as elements of a JSON array, which SQLite
// would serialise and parse again for every column.
var strides = [...]int{32, 8, 4, 1}

// mostBound is how many values one statement takes: for each of them the driver goes
// through all.
const mostBound = 72

func into(table string, columns ...string) insert {
	return newInsert("INSERT OR ROLLBACK INTO ", table, columns, "")
}

// intoUnlessThere leaves rows alone whose key exists.
func intoUnlessThere(table string, columns ...string) insert {
	return newInsert("INSERT OR IGNORE INTO ", table, columns, "")
}

// intoOver brings rows whose key, the first column, exists up to the new values.
func intoOver(table string, columns ...string) insert {
	values := columns[1:]
	return newInsert("INSERT INTO ", table, columns, fmt.Sprintf(" ON CONFLICT (%s) DO UPDATE SET (%s) = (excluded.%s) WHERE (%s) IS NOT (excluded.%s)",
		columns[0], strings.Join(values, ", "), strings.Join(values, ", excluded."), strings.Join(values, ", "), strings.Join(values, ", excluded.")))
}

func newInsert(verb, table string, columns []string, onConflict string) insert {
	i := insert{table: table, columns: len(columns)}
	row := "(" + strings.Repeat("?, ", len(columns)-1) + "?)"
	for _, rows := range strides {
		if rows*i.columns <= mostBound {
			i.steps = append(i.steps, step{rows, verb + table + " (" + strings.Join(columns, ", ") + ") VALUES " +
				strings.Repeat(row+", ", rows-1) + row + onConflict})
		}
	}
	return i
}

// run inserts the rows whose values stand one after the other in args.
func (i insert) run(ctx context.Context, q querier, args []any) error {
	for _, s := range i.steps {
		width := s.rows * i.columns
		for ; len(args) >= width; args = args[width:] {
			if _, err := q.ExecContext(ctx, s.statement, args[:width]...); err != nil {
				return err
			}
		}
	}
	if len(args) > 0 {
		return fmt.Errorf("%s: %d values left over", i.table, len(args))
	}
	return nil
}
