package evening_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// decision is what `ctl decisions --json` tells of one.
type decision struct {
	TimeMS   int64  `json:"time_ms"`
	Actuator string `json:"actuator"`
	Sentence string `json:"sentence"`
	Record   struct {
		Action     string   `json:"action"`
		Bottleneck string   `json:"bottleneck"`
		Clamps     []string `json:"clamps"`
		Inputs     []struct {
			Signal string `json:"signal"`
			AgeMS  int64  `json:"age_ms"`
		} `json:"inputs"`
	} `json:"record"`
}

func (u *up) decisions() []decision {
	u.t.Helper()
	path, err := binary()
	if err != nil {
		u.t.Fatal(err)
	}
	out, err := exec.Command(path, "ctl", "decisions", "--data", u.data, "--json", "--limit", "1000").Output()
	if err != nil {
		u.t.Fatalf("ctl decisions: %v", err)
	}
	var answer struct {
		Decisions []decision `json:"decisions"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		u.t.Fatal(err)
	}
	return answer.Decisions
}

func (u *up) putFaults(faults string) {
	u.t.Helper()
	req, err := http.NewRequest(http.MethodPut, fmt.Sprintf("http://127.0.0.1:%d/faults", u.base+2), strings.NewReader(faults))
	if err != nil {
		u.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		u.t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode >= 300 {
		u.t.Fatalf("put faults: %s", resp.Status)
	}
}

// rateNow is the admission rate told by the plan, in turns a second.
func (u *up) rateNow() float64 {
	u.t.Helper()
	path, err := binary()
	if err != nil {
		u.t.Fatal(err)
	}
	out, err := exec.Command(path, "ctl", "admission", "--data", u.data, "--json").Output()
	if err != nil {
		u.t.Fatalf("ctl admission: %v", err)
	}
	var answer struct {
		RateMilli float64 `json:"rate_milli"`
	}
	if err := json.Unmarshal(out, &answer); err != nil {
		u.t.Fatal(err)
	}
	return answer.RateMilli / 1000
}

func (u *up) awaitRate(what string, within time.Duration, holds func(rate float64) bool) {
	u.t.Helper()
	last := 0.0
	for deadline := time.Now().Add(within); time.Now().Before(deadline); time.Sleep(300 * time.Millisecond) {
		if last = u.rateNow(); holds(last) {
			return
		}
	}
	u.t.Fatalf("%s: not within %s, the rate is %.1f", what, within, last)
}

func TestRateFollowsTheCapacityOfTheStockSystem(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report.json")
	u := begin(t, t.TempDir(), freeBase(t), "--people", "8000", "--open-in", "4s", "--for", "80s", "--report", report)
	u.await("open ", 60*time.Second)
	time.Sleep(10 * time.Second)
	before := u.rateNow()
	u.putFaults(`{"stock":{"capacity_factor":0.3}}`)
	u.awaitRate("the rate falls", 20*time.Second, func(rate float64) bool { return rate < 0.6*before })
	low := u.rateNow()
	u.putFaults(`{}`)
	u.awaitRate("the rate rises again", 30*time.Second, func(rate float64) bool { return rate > low+20 })

	named := false
	for _, d := range u.decisions() {
		named = named || d.Record.Action == "lower" && d.Record.Bottleneck == "stock" && strings.Contains(d.Sentence, "stock")
	}
	if !named {
		t.Error("no decision to lower the rate names the stock system")
	}
	if err := u.end(2 * time.Minute); err != nil {
		t.Error(err)
	}
	wantSound(t, readReport(t, report))
}

// A node that lost its telemetry, or was stopped while it led, must not raise
// the rate on what it remembers.
func TestRateIsNeverRaisedBlindly(t *testing.T) {
	report := filepath.Join(t.TempDir(), "report.json")
	u := begin(t, t.TempDir(), freeBase(t), "--people", "3000", "--open-in", "3s", "--for", "50s", "--report", report)
	u.await("open ", 60*time.Second)
	time.Sleep(3 * time.Second)
	for n := 1; n <= 3; n++ {
		if err := os.RemoveAll(filepath.Join(u.data, fmt.Sprintf("controlplane-%d", n), "telemetry")); err != nil {
			t.Log(err) // a file made meanwhile; most of it is gone
		}
	}
	time.Sleep(4 * time.Second)
	leader := u.child(u.cmd.Process.Pid, fmt.Sprintf(" controlplane --id controlplane-%d ", u.leader()+1))
	if err := syscall.Kill(leader, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	time.Sleep(8 * time.Second)
	if err := syscall.Kill(leader, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	time.Sleep(8 * time.Second)

	const stale = 3_500 // three scrapes, and what reading them takes
	decisions := u.decisions()
	for _, d := range decisions {
		if d.Actuator != "admission" || d.Record.Action != "raise" {
			continue
		}
		for _, in := range d.Record.Inputs {
			if in.Signal == "oldest_signal" && in.AgeMS > stale {
				t.Errorf("raised on signals %d ms old: %s %v", in.AgeMS, d.Sentence, d.Record.Clamps)
			}
		}
		for _, c := range d.Record.Clamps {
			if strings.HasPrefix(c, "telemetry") || c == "new_leader" {
				t.Errorf("raised under %s: %s", c, d.Sentence)
			}
		}
	}
	if len(decisions) == 0 {
		t.Error("nothing was decided")
	}
	if err := u.end(2 * time.Minute); err != nil {
		t.Error(err)
	}
	wantSound(t, readReport(t, report))
}
