package dial

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"sunbeon/reservation/ledger/postgres"
)

// dumpDatabase writes a ledger in PostgreSQL to a file.
func dumpDatabase(ctx context.Context, address, file string) error {
	dump, err := program(ctx, address, "pg_dump", "--format=custom", "--no-owner", "--file="+file)
	if err != nil {
		return err
	}
	return run(dump)
}

// restoreDatabase brings a ledger back and marks it as restored in one
// transaction: where there is a ledger there is the mark, and what was interrupted
// leaves nothing. pg_restore tells the statements, psql runs them.
func restoreDatabase(ctx context.Context, file, address string) error {
	restore, err := program(ctx, address, "pg_restore", "--no-owner", "--file=-", file)
	if err != nil {
		return err
	}
	psql, err := program(ctx, address, "psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-")
	if err != nil {
		return err
	}
	statements, out := io.Pipe()
	restore.Stdout = out
	psql.Stdin = io.MultiReader(strings.NewReader("BEGIN;\n"), statements)
	told := make(chan error, 1)
	go func() {
		err := run(restore)
		if err == nil {
			_, err = io.WriteString(out, "RESET search_path;\n"+postgres.MarkRestored(time.Now().UnixMilli())+";\nCOMMIT;\n")
		}
		out.Close() // without the COMMIT the server undoes all of it
		told <- err
	}()
	failed := run(psql)
	statements.Close() // so that nobody waits to tell one who has left
	if err := <-told; failed == nil {
		return err
	}
	return failed
}

// program is one of PostgreSQL's for a database. What the address says goes into
// the environment: the command line is everybody's to see, and it may hold a
// password.
func program(ctx context.Context, address, name string, args ...string) (*exec.Cmd, error) {
	cfg, err := pgconn.ParseConfig(address)
	if err != nil {
		return nil, fmt.Errorf("ledger address: %w", err)
	}
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "PGHOST="+cfg.Host, "PGPORT="+strconv.Itoa(int(cfg.Port)),
		"PGUSER="+cfg.User, "PGPASSWORD="+cfg.Password, "PGDATABASE="+cfg.Database)
	if u, err := url.Parse(address); err == nil && u.Query().Get("sslmode") != "" {
		cmd.Env = append(cmd.Env, "PGSSLMODE="+u.Query().Get("sslmode"))
	}
	return cmd, nil
}

// run runs a program to its end; what it complains of is the error.
func run(cmd *exec.Cmd) error {
	var said bytes.Buffer
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, strings.TrimSpace(said.String()))
	}
	return nil
}
