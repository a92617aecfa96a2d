package agent_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"sunbeon/controlplane/agent"
)

// orphan starts a child as an agent that died without its children would have
// left it, and returns it with its pid file's content.
func orphan(t *testing.T, s *stage, id string) (*exec.Cmd, map[string]any) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "was", "--id", id)
	cmd.Env = []string{recordVariable + "=" + s.play}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	eventually(t, "the orphan runs", func() bool { return len(s.events(id)) == 1 })
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	fields := strings.Fields(string(stat[strings.LastIndex(string(stat), ")")+2:]))
	start, err := strconv.ParseUint(fields[19], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		t.Fatal(err)
	}
	return cmd, map[string]any{"pid": cmd.Process.Pid, "start_ticks": start, "boot_id": strings.TrimSpace(string(boot))}
}

func TestOrphansAreEndedAndStrangersAreNot(t *testing.T) {
	s := &stage{t: t, dir: t.TempDir(), play: t.TempDir()}
	mine, id := orphan(t, s, "was-1")
	stranger, reused := orphan(t, s, "was-2")
	reused["start_ticks"] = reused["start_ticks"].(uint64) - 1 // the pid was another's before
	rebooted, before := orphan(t, s, "was-3")
	before["boot_id"] = "another"
	for name, content := range map[string]map[string]any{"was-1": id, "was-2": reused, "was-3": before} {
		document, _ := json.Marshal(content)
		if err := os.WriteFile(filepath.Join(s.dir, name+".pid"), document, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(s.dir, "was-4.pid"), []byte("{half"), 0o600); err != nil {
		t.Fatal(err)
	}

	ended := make(chan error, 1)
	go func() { ended <- mine.Wait() }() // its parent must bury it for /proc to forget it
	if _, err := agent.NewPool(poolConfig(s.dir, s.play)); err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if err != nil || !slices.Contains(s.events("was-1"), "drained") {
			t.Errorf("the orphan ended with %v after %v, want it drained", err, s.events("was-1"))
		}
	case <-time.After(5 * time.Second):
		t.Fatal("the orphan lives on")
	}
	for _, p := range []*exec.Cmd{stranger, rebooted} {
		if _, err := os.Stat(fmt.Sprintf("/proc/%d", p.Process.Pid)); err != nil {
			t.Errorf("a stranger was ended: %v", err)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(s.dir, "*.pid")); len(left) > 0 {
		t.Errorf("pid files left: %v", left)
	}
}
