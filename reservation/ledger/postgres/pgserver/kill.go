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
	"time"
)

// Kill ends the server with SIGKILL, all its processes at once, as a power cut
// would. [Server.Restart] starts it again.
func (s *Server) Kill() error {
	server := s.server.Process.Pid
	if err := syscall.Kill(server, syscall.SIGSTOP); err != nil { // or it has more children than were counted
		return fmt.Errorf("stop postgres: %w", err)
	}
	children := s.children("")
	family := append([]int{server}, children...)
	var failed error
	for _, pid := range family {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			failed = errors.Join(failed, fmt.Errorf("kill postgres %d: %w", pid, err))
		}
	}
	s.server.Wait()
	for _, pid := range children { // which hold the shared memory until they are gone
		for began := time.Now(); alive(pid) && time.Since(began) < 10*time.Second; {
			time.Sleep(5 * time.Millisecond)
		}
	}
	return failed
}

// alive says whether a process has not ended; one that nobody has waited for has.
func alive(pid int) bool {
	fields := stat(pid)
	return len(fields) > 0 && fields[0] != "Z"
}

// stat is what the kernel tells of a process after its name: state, parent and
// more; nothing where it is gone.
func stat(pid int) []string {
	line, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if err != nil {
		return nil
	}
	return strings.Fields(string(line[strings.LastIndexByte(string(line), ')')+1:])) // a name may hold anything
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
		fields := stat(pid)
		if len(fields) < 2 || fields[1] != strconv.Itoa(s.server.Process.Pid) {
			continue
		}
		if is, err := os.ReadFile(path); err == nil && strings.Contains(string(is), title) {
			pids = append(pids, pid)
		}
	}
	return pids
}
