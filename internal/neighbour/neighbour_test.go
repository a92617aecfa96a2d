package neighbour_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"sunbeon/internal/neighbour"
)

const address = "127.0.0.1:8814"

// containerVariable makes the test binary the process of another container.
const containerVariable = "SUNBEON_NEIGHBOUR_CONTAINER"

func TestMain(m *testing.M) {
	dir := os.Getenv(containerVariable)
	if dir == "" {
		os.Exit(m.Run())
	}
	if err := liveElsewhere(dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// liveElsewhere is the life of that process: it listens, sees whom it reaches, and
// stays until its standard input ends.
func liveElsewhere(dir string) error {
	l, err := neighbour.Listen(dir, address)
	if err != nil {
		return err
	}
	greet(l, "stranger")
	fmt.Println(reached(neighbour.Dialer(dir)))
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// greet tells whoever connects a name.
func greet(l net.Listener, name string) {
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			fmt.Fprintln(c, name)
			c.Close()
		}
	}()
}

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
	sockets, err := filepath.Glob(filepath.Join(dir, "*"+address+".sock"))
	if err != nil || len(sockets) != 1 {
		t.Fatalf("sockets %v, %v", sockets, err)
	}
	for file, mode := range map[string]os.FileMode{dir: 0o700, sockets[0]: 0o600} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", file, info, err)
		}
	}
}

// listening is a neighbour in a directory of its own.
func listening(t *testing.T) (dir string, l net.Listener) {
	t.Helper()
	dir = t.TempDir()
	if err := os.Chmod(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	l, err := neighbour.Listen(dir, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return dir, l
}

func TestADirectoryOpenToOthersIsNotUsed(t *testing.T) {
	dir, _ := listening(t)
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

// reached is who answers at the address, or nobody.
func reached(dial func(context.Context, string) net.Conn) string {
	c := dial(context.Background(), address)
	if c == nil {
		return "nobody"
	}
	defer c.Close()
	name, _ := bufio.NewReader(c).ReadString('\n')
	return strings.TrimSpace(name)
}

// Two containers with a volume in common have a 127.0.0.1 each.
func TestContainersKeepTheirSockets(t *testing.T) {
	dir, l := listening(t)
	greet(l, "mine")

	other := exec.Command(os.Args[0])
	other.Env, other.Stderr = append(os.Environ(), containerVariable+"="+dir), os.Stderr
	self := []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
	other.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWUSER | syscall.CLONE_NEWNET, UidMappings: self}
	in, err := other.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := other.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Start(); err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err)
	} else if err != nil {
		t.Skipf("NOT TESTED: no container can be made here: %v", err)
	}
	theirs, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || strings.TrimSpace(theirs) != "stranger" {
		t.Errorf("there one reaches %q, %v", theirs, err)
	}
	if got := reached(neighbour.Dialer(dir)); got != "mine" {
		t.Errorf("here one reaches %s", got)
	}
	in.Close()
	if err := other.Wait(); err != nil {
		t.Error(err)
	}
}
