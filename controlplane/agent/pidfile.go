package agent

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// pidFiles remember which processes an agent has started, so that the next one
// can end what an earlier life left running. A pid alone names a stranger once
// it is reused; with its start time, and the boot that time counts from, it
// names one process for ever.
type pidFiles struct{ dir string }

// identity names a process.
type identity struct {
	PID int `json:"pid"`
	// Start is the process's start in clock ticks since boot.
	Start uint64 `json:"start_ticks"`
	Boot  string `json:"boot_id"`
}

// identify reads the identity of a running process from /proc.
func identify(pid int) (identity, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return identity{}, err
	}
	// The second field is the name in parentheses and may hold anything; the
	// start time is the twentieth field after it (proc(5), field 22).
	_, rest, _ := bytes.Cut(stat[max(0, bytes.LastIndexByte(stat, ')')):], []byte(" "))
	fields := strings.Fields(string(rest))
	if len(fields) < 20 {
		return identity{}, fmt.Errorf("/proc/%d/stat: %d fields after the name", pid, len(fields))
	}
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		return identity{}, fmt.Errorf("/proc/%d/stat: start time: %w", pid, err)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return identity{}, err
	}
	return identity{PID: pid, Start: start, Boot: strings.TrimSpace(string(boot))}, nil
}

// alive reports whether this very process still runs.
func (i identity) alive() bool {
	now, err := identify(i.PID)
	return err == nil && now == i
}

func (f pidFiles) path(name string) string { return filepath.Join(f.dir, name+".pid") }

func (f pidFiles) write(name string, pid int) error {
	id, err := identify(pid)
	if err != nil {
		return err
	}
	document, err := json.Marshal(id)
	if err != nil {
		return err
	}
	return os.WriteFile(f.path(name), append(document, '\n'), 0o640)
}

func (f pidFiles) remove(name string) { os.Remove(f.path(name)) }

// endOrphans asks every process of an earlier life to end, kills what has not
// by the end of grace, and removes the files. A file that cannot be read names
// nobody and is removed too.
func (f pidFiles) endOrphans(grace time.Duration, logger *slog.Logger) error {
	paths, err := filepath.Glob(f.path("*"))
	if err != nil {
		return err
	}
	var orphans []identity
	for _, path := range paths {
		document, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		var id identity
		if err := json.Unmarshal(document, &id); err != nil || id.PID <= 1 {
			logger.Warn("unreadable pid file", "path", path, "error", err)
			continue
		}
		if id.alive() {
			logger.Warn("ending an orphan", "path", path, "pid", id.PID)
			syscall.Kill(id.PID, syscall.SIGTERM)
			syscall.Kill(id.PID, syscall.SIGCONT) // a stopped process cannot hear
			orphans = append(orphans, id)
		}
	}
	if err := outwait(orphans, grace); err != nil {
		return err
	}
	for _, path := range paths {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// outwait returns when all have ended, killing those that outlast grace.
func outwait(processes []identity, grace time.Duration) error {
	const killed = 5 * time.Second // for the kernel to bury what was killed
	kill := time.Now().Add(grace)
	for _, id := range processes {
		for id.alive() {
			switch now := time.Now(); {
			case now.After(kill.Add(killed)):
				return fmt.Errorf("process %d cannot be killed", id.PID)
			case now.After(kill):
				syscall.Kill(id.PID, syscall.SIGKILL)
			}
			time.Sleep(20 * time.Millisecond)
		}
	}
	return nil
}
