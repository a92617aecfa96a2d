package gate

import (
	"crypto/ed25519"
	"fmt"
	"path/filepath"
	"time"

	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/fairness"
	"sunbeon/reservation/waitingroom/record"
)

// openRecord replays the record. Rooms that were serving when the gate last
// lived get the time since as an outage, so that no pass ran out while nobody
// could use it.
func (g *Gate) openRecord(key ed25519.PrivateKey) error {
	began := g.config.Now()
	log, recovery, err := record.Open(record.Config{
		Dir: filepath.Join(g.config.Data, "record"), Key: key, Now: g.clock.now, Committed: g.metrics.committed,
	}, g.hall.Replay)
	if err != nil {
		return fmt.Errorf("open record: %w", err)
	}
	g.log = log
	g.hall.Start(log)
	if g.publisher, err = fairness.NewPublisher(fairness.PublisherConfig{
		Dir: filepath.Join(g.config.Data, "record"), Log: log, Key: key, Origin: "sunbeon/" + g.config.ID,
		Heads: g.auditHeads, Witnesses: g.config.Witnesses,
	}); err != nil {
		log.Close()
		return err
	}
	if err := g.recordOutage(recovery); err != nil {
		log.Close()
		return err
	}
	g.logger.Info("record replayed", "groups", recovery.Groups, "records", recovery.Records,
		"dropped_bytes", recovery.Dropped, "seconds", g.config.Now().Sub(began).Seconds())
	return nil
}

func (g *Gate) recordOutage(recovery record.Recovery) (err error) {
	if g.heartbeat, err = newHeartbeat(g.config.Data, g.clock.now); err != nil {
		return err
	}
	if recovery.Records == 0 {
		return nil
	}
	last, err := g.heartbeat.last()
	if err != nil {
		return err
	}
	if written := time.Unix(recovery.LastTimeS, 0); written.After(last) {
		last = written
	}
	if g.clock.now().Before(last) {
		// A clock set back while the gate was down must not take back what was
		// shown up to the last beat, and until the next would have come.
		g.clock.notBefore(last.Add(beatEvery))
	}
	now := g.clock.now()
	if now.Sub(last) < outage {
		return nil
	}
	for _, room := range g.hall.Rooms() {
		if room.Phase() != waitingroom.Open {
			continue
		}
		if _, err := room.Outage(last.UnixMilli(), now.UnixMilli()); err != nil {
			return fmt.Errorf("record outage: %w", err)
		}
	}
	return nil
}
