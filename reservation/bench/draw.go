package bench

import (
	"context"
	"encoding/hex"
	"errors"
	"runtime"
	"sync"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/waitingroom"
)

// drawWithin bounds the wait for the draw.
const drawWithin = time.Minute

// draw closes the lobby and measures how long it takes until everybody has a
// turn: sealing, recording and publishing the seal, then the seed. A turn is
// computed when somebody asks; how long that takes is measured beside it, and
// for everybody at once.
func (m *measurement) draw(ctx context.Context) error {
	m.say("drawing the order of %d people", m.People)
	began := time.Now()
	c := m.room.cluster
	if err := c.do(plan.CohortPhase, plan.MovePhase{Cohort: cohortID, Phase: plan.Sealed}); err != nil {
		return err
	}
	var drawn plan.Cohort
	for {
		p, changed := c.current()
		if drawn = p.Cohorts[cohortID]; drawn.Drawn() {
			break
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(drawWithin):
			return errors.New("the gate has not drawn")
		}
	}
	m.report.DrawS = time.Since(began).Seconds()
	var seed [32]byte
	if _, err := hex.Decode(seed[:], []byte(drawn.Draw.Seed)); err != nil {
		return err
	}
	m.turns(seed, drawn.Draw.Count)
	m.say("drawn in %.3f s; one's own turn in %.1f µs, all of them in %.1f s",
		m.report.DrawS, m.report.OwnTurnMicros, m.report.AllTurnsS)
	return nil
}

// turns computes everybody's turn, for the time it takes.
func (m *measurement) turns(seed [32]byte, count int64) {
	workers := int64(runtime.GOMAXPROCS(0))
	m.report.Processors = int(workers)
	began := time.Now()
	var computing sync.WaitGroup
	for w := range workers {
		computing.Go(func() {
			for seq := w + 1; seq <= count; seq += workers {
				waitingroom.Turn(seed, count, seq)
			}
		})
	}
	computing.Wait()
	took := time.Since(began)
	m.report.AllTurnsS = took.Seconds()
	m.report.OwnTurnMicros = float64(took.Microseconds()) * float64(workers) / float64(count)
}
