package bench

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestProcessorTimeReadsPastStrangeNames(t *testing.T) {
	stat := filepath.Join(t.TempDir(), "stat")
	line := "17 (a) 3 (b c) S 1 17 17 0 -1 4194560 100 0 0 0 250 150 0 0 20 0 9 0 100 1 1\n"
	if err := os.WriteFile(stat, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	if cpu, ok := processorTime(stat); !ok || cpu != 4*time.Second {
		t.Errorf("read %v, %v, want 4 s", cpu, ok)
	}
	if _, ok := processorTime(filepath.Join(t.TempDir(), "gone")); ok {
		t.Error("a process that is gone has a time")
	}
}

func TestAtIsInProportion(t *testing.T) {
	samples := []sample{{timeMS: 1000, gate: time.Second}, {timeMS: 2000, gate: 3 * time.Second, was: time.Second}}
	if got := at(samples, 1500); got.gate != 2*time.Second || got.was != time.Second/2 {
		t.Errorf("half-way: %+v", got)
	}
	if at(samples, 1) != samples[0] || at(samples, 9999) != samples[1] {
		t.Error("outside the samples it must be the nearest")
	}
}
