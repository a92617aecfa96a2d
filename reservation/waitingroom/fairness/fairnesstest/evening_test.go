package fairnesstest_test

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"testing"

	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/fairness"
	"sunbeon/reservation/waitingroom/fairness/fairnesstest"
	"sunbeon/reservation/waitingroom/record"
)

// The evening holds every kind of record, over several files, and is honest.
func TestEveningHasEverythingAndIsFair(t *testing.T) {
	dir := t.TempDir()
	if err := fairnesstest.Play(dir); err != nil {
		t.Fatal(err)
	}
	kinds := map[waitingroom.Kind]int{}
	if _, err := record.Read(dir, func(g *record.Group) error {
		for _, encoded := range g.Records {
			r, err := waitingroom.Parse(encoded)
			if err != nil {
				return err
			}
			kinds[r.Kind]++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	for kind := waitingroom.KindCohort; kind <= waitingroom.KindVoid; kind++ {
		if kinds[kind] == 0 {
			t.Errorf("no record of kind %d", kind)
		}
	}
	files, err := fairnesstest.Files(dir)
	if err != nil || len(files) < 2 {
		t.Errorf("files %v, %v", files, err)
	}
	checkpoint, err := os.ReadFile(filepath.Join(dir, fairness.CheckpointFile))
	if err != nil {
		t.Fatal(err)
	}
	report, err := fairness.Verify(fairness.Config{
		Dir: dir, Key: fairnesstest.Key.Public().(ed25519.PublicKey),
		Evidence: []fairness.Evidence{{Name: "checkpoint", Content: checkpoint, Own: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !report.OK || len(report.Lines) != 3 || len(report.Remarks) < 2 {
		t.Errorf("violation %+v, lines %+v, remarks %q", report.Violation, report.Lines, report.Remarks)
	}
	t.Logf("%d groups, %d records, kinds %v, lines %+v, remarks %q", report.Groups, report.Records, kinds, report.Lines, report.Remarks)
}
