package neighbour_test

import (
	"net"
	"os"
	"path/filepath"
	"testing"

	"sunbeon/internal/neighbour"
)

const address = "127.0.0.1:8814"

func TestNeighboursMeet(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "sockets")
	dial := neighbour.Dialer(dir)
	if c := dial(t.Context(), address); c != nil {
		t.Error("connected to nobody")
	}
	// The second finds what the first left when it was killed.
	for range 2 {
		l, err := neighbour.Listen(dir, address)
		if err != nil {
			t.Fatal(err)
		}
		l.(*net.UnixListener).SetUnlinkOnClose(false)
		c := dial(t.Context(), address)
		if c == nil {
			t.Fatal("not connected")
		}
		c.Close()
		l.Close()
		if c := dial(t.Context(), address); c != nil {
			t.Error("connected to one who has gone")
		}
	}
	for file, mode := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, address+".sock"): 0o600} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
}

func TestADirectoryOpenToOthersIsNotUsed(t *testing.T) {
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := neighbour.Listen(dir, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if c := neighbour.Dialer(dir)(t.Context(), address); c != nil {
		t.Error("trusted a socket that anybody can have put there")
	}
	if _, err := neighbour.Listen(dir, "127.0.0.1:8815"); err == nil {
		t.Error("listened where anybody can come")
	}
}
