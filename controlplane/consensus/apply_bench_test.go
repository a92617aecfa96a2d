package consensus

import (
	"fmt"
	"log/slog"
	"testing"

	"github.com/hashicorp/raft"

	"sunbeon/controlplane/audit"
	"sunbeon/controlplane/plan"
)

func BenchmarkApply(b *testing.B) {
	journal, err := audit.Open(b.TempDir(), "commands")
	if err != nil {
		b.Fatal(err)
	}
	s := newState(journal, slog.New(slog.DiscardHandler))
	apply := func(i int, kind plan.Kind, body any) {
		c, err := plan.NewCommand(kind, body)
		if err != nil {
			b.Fatal(err)
		}
		c.Actor, c.RequestID = "gate", fmt.Sprintf("%026d", i)
		c.TimeMS, c.StampMS = int64(i), int64(i)
		c.TimeMS, c.StampMS = 1_800_000_000_000+int64(i)/4, 1_800_000_000_001+int64(i)/4
		encoded, err := encodeEntry(c)
		if err != nil {
			b.Fatal(err)
		}
		if result, ok := s.Apply(&raft.Log{Index: uint64(i), Data: encoded}).(plan.Result); !ok || !result.OK {
			b.Fatalf("apply %d: %+v", i, result)
		}
	}
	apply(1, plan.CohortDefine, plan.DefineCohort{Cohort: plan.Cohort{
		ID: "measured", BirthFrom: "1972-01-01", BirthTo: "2003-12-31", Order: plan.OrderFirstCome,
		LobbyMS: 1_900_000_000_000, OpenMS: 1_900_000_000_000, CloseMS: 1_900_000_100_000,
	}})
	i := 2
	for b.Loop() {
		n := int64(i)
		apply(i, plan.LineReport, plan.ReportLine{Cohort: "measured", Gate: fmt.Sprintf("gate-%02d", i%16),
			Issued: 1_000_000 + n, HighWater: 10 + n, Claimed: 5 + n, Booked: n, Sessions: 3})
		i++
	}
}
