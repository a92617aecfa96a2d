package consensus

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"testing"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/audit"
	"sunbeon/controlplane/plan"
)

func applyHolds(t *testing.T, s *state, from, to uint64) {
	t.Helper()
	for index := from; index <= to; index++ {
		c, err := plan.NewCommand(plan.HoldSet, plan.SetHold{Scope: plan.All})
		if err != nil {
			t.Fatal(err)
		}
		c.Actor, c.Reason, c.TimeMS, c.StampMS = "kim", fmt.Sprint(index), 1, 1
		encoded, err := encodeEntry(c)
		if err != nil {
			t.Fatal(err)
		}
		if result, ok := s.Apply(&raft.Log{Index: index, Data: encoded}).(plan.Result); !ok || !result.OK {
			t.Fatalf("apply %d: %+v", index, result)
		}
	}
}

// The audit's chain is the plan's, over restarts, replayed logs and snapshots.
func TestJournalHoldsTheChainOfThePlan(t *testing.T) {
	dir := t.TempDir()
	open := func() (*audit.Journal, *state) {
		journal, err := audit.Open(dir, "commands")
		if err != nil {
			t.Fatal(err)
		}
		return journal, newState(journal, slog.New(slog.DiscardHandler))
	}
	journal, s := open()
	applyHolds(t, s, 3, 10)
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	early := plan.Encode(s.plan.Load())

	journal, s = open() // everything is applied again, and then some
	applyHolds(t, s, 3, 15)
	if last, chain := journal.Head(); last != 15 || chain != s.plan.Load().Chain {
		t.Errorf("journal at %d with %x, the plan has %x", last, chain, s.plan.Load().Chain)
	}
	applyHolds(t, s, 16, 40)
	late := plan.Encode(s.plan.Load())
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}

	journal, s = open() // from a snapshot the journal is ahead of
	restore(t, s, early)
	applyHolds(t, s, 11, 42)
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	verify(t, dir, 40, 0)

	dir = t.TempDir() // a node that joins gets a snapshot
	journal, s = open()
	restore(t, s, late)
	applyHolds(t, s, 41, 44)
	if _, chain := journal.Head(); chain != s.plan.Load().Chain {
		t.Errorf("after a snapshot the journal has %x, the plan %x", chain, s.plan.Load().Chain)
	}
	if err := journal.Close(); err != nil {
		t.Fatal(err)
	}
	verify(t, dir, 5, 1)
}

func restore(t *testing.T, s *state, snapshot []byte) {
	t.Helper()
	if err := s.Restore(io.NopCloser(bytes.NewReader(snapshot))); err != nil {
		t.Fatal(err)
	}
}

func verify(t *testing.T, dir string, lines, gaps int) {
	t.Helper()
	files, err := audit.Files(dir, "commands")
	if err != nil {
		t.Fatal(err)
	}
	v, err := audit.VerifyFiles(files, nil)
	if err != nil || v.Lines != lines || v.Gaps != gaps {
		t.Errorf("journal of %d lines and %d gaps, %v; want %d and %d", v.Lines, v.Gaps, err, lines, gaps)
	}
}
