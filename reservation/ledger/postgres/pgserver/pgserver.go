// Package pgserver starts a PostgreSQL server of one's own, for tests and
// benchmarks: a fresh cluster in a directory, reachable over a unix socket only,
// gone when it is stopped.
package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// ErrNotInstalled says that this machine has no PostgreSQL server.
var ErrNotInstalled = errors.New("no PostgreSQL server found under /usr/lib/postgresql or in PATH")

// Server is a running cluster.
type Server struct {
	dir    string
	binary string
	as     *syscall.SysProcAttr
	server *exec.Cmd
}

// Start makes a cluster in a new directory and runs it with durable commits, as
// a server for real data would be.
func Start(ctx context.Context) (*Server, error) {
	s := &Server{}
	var err error
	if s.binary, err = binaries(); err != nil {
		return nil, err
	}
	if s.dir, err = os.MkdirTemp("", "sunbeon-pg-"); err != nil {
		return nil, fmt.Errorf("start postgres: %w", err)
	}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("start postgres: %w", err), s.Stop())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	// PostgreSQL refuses to run as root.
	if os.Getuid() == 0 {
		if err := s.dropTo("postgres"); err != nil {
			return err
		}
	}
	out, err := s.command("initdb", "-D", s.data(), "-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync").CombinedOutput()
	if err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	return s.run(ctx)
}

// run starts the server on the cluster and waits until it answers.
func (s *Server) run(ctx context.Context) error {
	log, err := os.OpenFile(filepath.Join(s.dir, "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer log.Close()
	s.server = s.command("postgres", "-D", s.data(), "-k", s.dir, "-c", "listen_addresses=",
		"-c", "shared_buffers=256MB", "-c", "max_connections=200", "-c", "max_wal_size=4GB")
	s.server.Stdout, s.server.Stderr = log, log
	if err := s.server.Start(); err != nil {
		return err
	}
	return s.wait(ctx)
}

func (s *Server) dropTo(name string) error {
	account, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(account.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(account.Gid)
	if err != nil {
		return err
	}
	s.as = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return os.Chown(s.dir, uid, gid)
}

func (s *Server) command(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(s.binary, name), args...)
	attributes := syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT} // a killed test leaves nothing behind
	if s.as != nil {
		attributes.Credential = s.as.Credential
	}
	cmd.SysProcAttr, cmd.Dir = &attributes, s.dir
	return cmd
}

func (s *Server) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.URL("postgres"))
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			return fmt.Errorf("no answer: %w: %s", err, log)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// URL is the address of a database of the cluster.
func (s *Server) URL(database string) string {
	return "postgres:///" + database + "?user=postgres&host=" + s.dir
}

// Create makes an empty database and returns its address.
func (s *Server) Create(ctx context.Context, name string) (string, error) {
	conn, err := pgx.Connect(ctx, s.URL("postgres"))
	if err != nil {
		return "", err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+pgx.Identifier{name}.Sanitize()); err != nil {
		return "", err
	}
	return s.URL(name), nil
}

// Stop ends the server and removes the cluster.
func (s *Server) Stop() error {
	if s.server != nil && s.server.Process != nil {
		s.server.Process.Signal(syscall.SIGINT) // disconnect clients, shut down
		s.server.Wait()
	}
	return os.RemoveAll(s.dir)
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// binaries is the directory of the newest server installed.
func binaries() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil {
		return "", err
	}
	if len(found) > 0 {
		version := func(path string) int {
			n, _ := strconv.Atoi(strings.Split(path, "/")[4])
			return n
		}
		return filepath.Dir(slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) })), nil
	}
	path, err := exec.LookPath("postgres")
	if err != nil {
		return "", ErrNotInstalled
	}
	return filepath.Dir(path), nil
}
