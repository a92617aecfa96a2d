package pgserver

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// Kill ends the server with SIGKILL, all its processes at once, as a power cut
// would. [Server.Restart] starts it again.
func (s *Server) Kill() error {
	family := append([]int{s.server.Process.Pid}, s.children("")...)
	var failed error
	for _, pid := range family {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			failed = errors.Join(failed, fmt.Errorf("kill postgres %d: %w", pid, err))
		}
	}
	s.server.Wait()
	return failed
}

// KillBackends ends the processes that serve a database with SIGKILL. The server
// then throws everybody out, recovers, and goes on by itself.
func (s *Server) KillBackends(database string) error {
	backends := s.children(" " + database + " ")
	if len(backends) == 0 {
		return fmt.Errorf("kill backends: nobody is connected to %s", database)
	}
	for _, pid := range backends {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("kill postgres %d: %w", pid, err)
		}
	}
	return nil
}

// Restart runs a server that was killed and waits until it has recovered.
func (s *Server) Restart(ctx context.Context) error {
	if err := s.run(ctx); err != nil {
		return fmt.Errorf("restart postgres: %w", err)
	}
	return nil
}

// children are the server's processes whose titles contain a text.
func (s *Server) children(title string) (pids []int) {
	titles, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, path := range titles {
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			continue
		}
		stat, err := os.ReadFile(filepath.Join(filepath.Dir(path), "stat"))
		if err != nil {
			continue // it has ended meanwhile
		}
		// After the name, which may hold anything: state and parent.
		fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
		if len(fields) < 2 || fields[1] != strconv.Itoa(s.server.Process.Pid) {
			continue
		}
		if is, err := os.ReadFile(path); err == nil && strings.Contains(string(is), title) {
			pids = append(pids, pid)
		}
	}
	return pids
}
