package evening_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is built once: an evening is made of processes, so nothing less shows
// that it works.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sunbeon-evening")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "sunbeon")
	out, err := exec.Command("go", "build", "-o", path, "sunbeon").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("build: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// freeBase finds forty free ports in a row, below those the kernel hands out.
func freeBase(t *testing.T) int {
	t.Helper()
	for base := 24000; base < 32000; base += 40 {
		free := true
		for port := base; port < base+40 && free; port++ {
			l, err := net.Listen("tcp", "127.0.0.1:"+strconv.Itoa(port))
			if free = err == nil; free {
				l.Close()
			}
		}
		if free {
			return base
		}
	}
	t.Fatal("no forty free ports in a row")
	return 0
}

// up is a running `sunbeon up`.
type up struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  *output
	base int
	data string
}

// output is what the process printed, readable while it runs.
type output struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.all.String()
}

func begin(t *testing.T, data string, base int, args ...string) *up {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	u := &up{t: t, out: &output{}, base: base, data: data}
	u.cmd = exec.Command(path, append([]string{"up", "--headless", "--data", data, "--port-base", strconv.Itoa(base)}, args...)...)
	u.cmd.Stdout, u.cmd.Stderr = u.out, u.out
	if err := u.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		u.cmd.Process.Signal(syscall.SIGTERM)
		u.cmd.Wait()
		if t.Failed() {
			t.Logf("up printed:\n%s", u.out)
		}
	})
	return u
}

// await waits for words in what up prints.
func (u *up) await(words string, within time.Duration) {
	u.t.Helper()
	for deadline := time.Now().Add(within); !strings.Contains(u.out.String(), words); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			u.t.Fatalf("no %q within %s", words, within)
		}
	}
}

// child is the process id of the child whose command line holds the words.
func (u *up) child(parent int, words string) int {
	u.t.Helper()
	entries, err := os.ReadDir("/proc")
	if err != nil {
		u.t.Fatal(err)
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		status, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "status"))
		line, _ := os.ReadFile(filepath.Join("/proc", e.Name(), "cmdline"))
		if strings.Contains(string(status), fmt.Sprintf("\nPPid:\t%d\n", parent)) &&
			strings.Contains(strings.ReplaceAll(string(line), "\x00", " "), words) {
			return pid
		}
	}
	u.t.Fatalf("no child of %d with %q", parent, words)
	return 0
}

func (u *up) kill(what string, pid int) {
	u.t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		u.t.Fatalf("kill %s: %v", what, err)
	}
}

// leader is the number of the control-plane node that leads, from 0.
func (u *up) leader() int {
	u.t.Helper()
	client := &http.Client{Timeout: time.Second, Transport: &http.Transport{
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true,
	}}
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(100 * time.Millisecond) {
		for i := range 3 {
			resp, err := client.Get(fmt.Sprintf("https://127.0.0.1:%d/metrics", u.base+8+i))
			if err != nil {
				continue
			}
			body, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if strings.Contains(string(body), "\nsunbeon_raft_leader 1\n") {
				return i
			}
		}
	}
	u.t.Fatal("nobody leads")
	return 0
}

// end waits for up to end by itself.
func (u *up) end(within time.Duration) error {
	u.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- u.cmd.Wait() }()
	select {
	case err := <-ended:
		return err
	case <-time.After(within):
		u.t.Fatalf("up has not ended within %s", within)
		return nil
	}
}

func readReport(t *testing.T, path string) map[string]any {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var report map[string]any
	if err := json.Unmarshal(raw, &report); err != nil {
		t.Fatal(err)
	}
	return report
}

func wantSound(t *testing.T, report map[string]any) {
	t.Helper()
	for _, key := range []string{"missing", "overbooked", "duplicates", "early_passes"} {
		if n, ok := report[key].(float64); !ok || n != 0 {
			t.Errorf("%s is %v, want 0", key, report[key])
		}
	}
	for _, key := range []string{"people", "tickets", "passes", "bookings", "acknowledged"} {
		if n, _ := report[key].(float64); n <= 0 {
			t.Errorf("%s is %v, want more than nothing", key, report[key])
		}
	}
	for _, key := range []string{"refused", "failed", "latency_ms", "was_replicas_max", "leader_changes", "decisions", "admission_rate"} {
		if _, ok := report[key]; !ok {
			t.Errorf("the report has no %s", key)
		}
	}
}

func TestEveningSurvivesTheDeathOfLeaderWASAndGate(t *testing.T) {
	data, report := t.TempDir(), filepath.Join(t.TempDir(), "report.json")
	u := begin(t, data, freeBase(t), "--people", "1500", "--open-in", "3s", "--for", "45s", "--report", report)
	u.await("ready after", 30*time.Second)
	u.await("open ", 20*time.Second)
	time.Sleep(3 * time.Second)
	self := u.cmd.Process.Pid
	u.kill("leader", u.child(self, fmt.Sprintf(" controlplane --id controlplane-%d ", u.leader()+1)))
	time.Sleep(4 * time.Second)
	u.kill("WAS", u.child(u.child(self, " agent --id"), " was --id"))
	time.Sleep(3 * time.Second)
	u.kill("gate", u.child(self, " gate --id"))
	if err := u.end(2 * time.Minute); err != nil {
		t.Errorf("up ended with %v", err)
	}
	if !strings.Contains(u.out.String(), " ended unasked; the agent starts it again") {
		t.Error("the death of a WAS is not told")
	}
	found := readReport(t, report)
	wantSound(t, found)
	if n, _ := found["leader_changes"].(float64); n < 1 {
		t.Errorf("leader_changes is %v after the leader was killed", found["leader_changes"])
	}

	// Started again on the same directory, it carries on.
	again := begin(t, data, u.base, "--people", "1500", "--for", "20s", "--report", report)
	again.await("carrying on with evening-1, which is open", 30*time.Second)
	if err := again.end(90 * time.Second); err != nil {
		t.Errorf("the second evening ended with %v", err)
	}
	before, _ := found["bookings"].(float64)
	if after, _ := readReport(t, report)["bookings"].(float64); after < before*0.9 {
		t.Errorf("%.0f people held bookings before the restart, %.0f after it", before, after)
	}
}

func TestMistakesAreToldAndDamageNothing(t *testing.T) {
	data, base := t.TempDir(), freeBase(t)
	first := begin(t, data, base, "--people", "0")
	first.await("ready after", 30*time.Second)

	f := func(name, data string, base int, words string) {
		t.Helper()
		u := begin(t, data, base, "--people", "0", "--for", "5s")
		if err := u.end(30 * time.Second); err == nil {
			t.Errorf("%s: no error", name)
		}
		if got := u.out.String(); !strings.Contains(got, words) {
			t.Errorf("%s: %q does not say %q", name, got, words)
		}
	}
	f("same directory", data, base+400, "in use by another sunbeon up")
	f("same ports", t.TempDir(), base, "--port-base")

	strange := t.TempDir()
	if err := os.WriteFile(filepath.Join(strange, "thesis.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	f("somebody else's directory", strange, base+400, "not a data directory")
	if entries, _ := os.ReadDir(strange); len(entries) != 1 {
		t.Errorf("somebody else's directory was changed: %v", entries)
	}

	first.cmd.Process.Signal(syscall.SIGINT)
	if err := first.end(30 * time.Second); err != nil {
		t.Errorf("Ctrl-C: %v", err)
	}
	f("other ports", data, base+40, fmt.Sprintf("--port-base %d", base))

	// What was lost is named and never made anew; what is damaged stays as it is.
	for name, words := range map[string]string{
		"keys/person.key":  "has lost keys/person.key",
		"pki/ca.key":       "has lost pki/ca.key",
		"ledger/ledger.db": "has lost ledger/ledger.db",
		"gate/record":      "has lost gate/record",
	} {
		path := filepath.Join(data, filepath.FromSlash(name))
		if err := os.Rename(path, path+".aside"); err != nil {
			t.Fatal(err)
		}
		f("lost "+name, data, base, words)
		if _, err := os.Stat(path); err == nil {
			t.Errorf("%s was made anew", name)
		}
		if err := os.Rename(path+".aside", path); err != nil {
			t.Fatal(err)
		}
	}
	for name, words := range map[string]string{
		"keys/pass.key":    "pass.key is corrupt",
		"ledger/ledger.db": "ledger is corrupt",
	} {
		path := filepath.Join(data, filepath.FromSlash(name))
		sound, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		damaged := append([]byte("nonsense"), sound[min(8, len(sound)):]...)
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		f("corrupt "+name, data, base, words)
		if now, _ := os.ReadFile(path); !bytes.Equal(now, damaged) {
			t.Errorf("%s was changed", name)
		}
		if err := os.WriteFile(path, sound, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	again := begin(t, data, base, "--people", "0", "--for", "12s")
	again.await("carrying on with evening-1", 30*time.Second)
	if err := again.end(time.Minute); err != nil {
		t.Errorf("after everything is back in its place: %v", err)
	}
}

func TestNothingOutlivesUp(t *testing.T) {
	u := begin(t, t.TempDir(), freeBase(t), "--people", "0")
	u.await("ready after", 30*time.Second)
	gate := u.child(u.cmd.Process.Pid, " gate --id")
	u.kill("up", u.cmd.Process.Pid)
	u.cmd.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for syscall.Kill(gate, 0) == nil {
		select {
		case <-ctx.Done():
			t.Fatal("the gate outlived up")
		case <-time.After(50 * time.Millisecond):
		}
	}
}
