// Package neighbour lets processes of one machine speak without TLS, by sockets
// in a directory that only their user can enter. Whoever can open such a socket
// can also read the keys of the certificates that would be shown otherwise.
//
// The directory may lie on a volume that several containers or machines share,
// each of which has a 127.0.0.1 of its own. A socket is named by the network it
// belongs to as well as by its address, so that they neither meet nor take each
// other's place.
package neighbour

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// dialWithin is ample for a socket: who listens is there, or nobody is.
const dialWithin = time.Second

// path is where the process that listens at a host and port is found by its
// neighbours.
func path(dir, address string) (string, error) {
	here, err := network()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, here+"-"+address+".sock"), nil
}

// network names the addresses that this process can listen at: those of its
// network namespace, which the running kernel has numbered.
func network() (string, error) {
	kernel, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return "", fmt.Errorf("which machine this is: %w", err)
	}
	namespace, err := os.Readlink("/proc/self/ns/net")
	if err != nil {
		return "", fmt.Errorf("which network this is: %w", err)
	}
	sum := sha256.Sum256(append(kernel, namespace...))
	return hex.EncodeToString(sum[:4]), nil // a socket's path may have 107 bytes
}

// Listen opens the socket of the process that listens at address, host:port. The
// caller has that address already, and nobody else in its network can: what
// another process has left of the socket is removed.
func Listen(dir, address string) (net.Listener, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("directory of sockets: %w", err)
	}
	if err := ours(dir); err != nil {
		return nil, err
	}
	at, err := path(dir, address)
	if err != nil {
		return nil, err
	}
	if err := os.Remove(at); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("remove old socket: %w", err)
	}
	l, err := net.Listen("unix", at)
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(at, 0o600); err != nil {
		l.Close()
		return nil, fmt.Errorf("close socket to others: %w", err)
	}
	return l, nil
}

// Dialer connects to neighbours by the sockets in dir. It returns nil for an
// address that has none, or nobody behind it.
func Dialer(dir string) func(ctx context.Context, address string) net.Conn {
	return func(ctx context.Context, address string) net.Conn {
		if ours(dir) != nil {
			return nil
		}
		at, err := path(dir, address)
		if err != nil {
			return nil
		}
		dialer := net.Dialer{Timeout: dialWithin}
		c, err := dialer.DialContext(ctx, "unix", at)
		if err != nil {
			return nil
		}
		return c
	}
}

// ours makes sure that nobody else can put a socket into a directory or reach one
// there.
func ours(dir string) error {
	info, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("directory of sockets: %w", err)
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if mode := info.Mode().Perm(); !ok || int(owner.Uid) != os.Getuid() || mode&0o077 != 0 {
		return fmt.Errorf("directory of sockets: %s must be ours alone, and has mode %o", dir, mode)
	}
	return nil
}
