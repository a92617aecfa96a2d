package supervise_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"sunbeon/internal/supervise"
)

func shell(t *testing.T, script string) supervise.Spec {
	t.Helper()
	return supervise.Spec{
		Name: "child", Path: "/bin/sh", Args: []string{"-c", script},
		Env: os.Environ(), LogFile: filepath.Join(t.TempDir(), "log"),
	}
}

func TestStopKillsWhatDoesNotListen(t *testing.T) {
	spec := shell(t, `trap "" TERM; echo deaf; while :; do sleep 0.05; done`)
	p, err := supervise.Start(spec)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if log, _ := os.ReadFile(spec.LogFile); len(log) > 0 || time.Now().After(end) {
			break
		}
	}
	p.Stop(200 * time.Millisecond)
	if err := p.Err(); err == nil || err.Error() != "signal: killed" {
		t.Errorf("ended with %v, want it killed", err)
	}
}

func TestKeepStartsAgainAndStops(t *testing.T) {
	spec := shell(t, "echo started; exit 3")
	ctx, cancel := context.WithCancel(t.Context())
	ends := 0
	supervise.Keep(ctx, spec, time.Second, func(e supervise.Event) {
		if e.Ended {
			if e.Err == nil {
				t.Errorf("no error for status 3")
			}
			if ends++; ends == 3 {
				cancel()
			}
		}
	})
	log, err := os.ReadFile(spec.LogFile)
	if err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(string(log), "started"); n != 3 {
		t.Errorf("the child started %d times, want 3", n)
	}
}

func TestBackoff(t *testing.T) {
	b := supervise.Backoff{First: 100 * time.Millisecond, Most: 300 * time.Millisecond, Healthy: time.Second}
	var got []time.Duration
	for _, life := range []time.Duration{0, 0, 0, 0, 0, 2 * time.Second, 0} {
		got = append(got, b.Next(life)/time.Millisecond)
	}
	if diff := cmp.Diff([]time.Duration{0, 100, 200, 300, 300, 0, 100}, got); diff != "" {
		t.Error(diff)
	}
}
