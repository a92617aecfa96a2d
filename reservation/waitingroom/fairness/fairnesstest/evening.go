// Package fairnesstest plays an evening of three lines on a record, with
// everything that can happen to them, for tests of what verifies it. It uses
// the waiting room and the log as a gate does, on a clock of its own.
package fairnesstest

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"sunbeon/internal/serving"
	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/fairness"
	"sunbeon/reservation/waitingroom/record"
)

// Origin names the log of the evening.
const Origin = "sunbeon/gate-1"

// The lines, and how many people come to each lobby.
const (
	Secret    = "born-1975" // drawn from a committed secret
	Drand     = "born-1980" // drawn from a round of drand, opened by mistake at first
	FirstCome = "walk-in"   // paused, held and without booking servers for a while

	SecretLobby, DrandLobby, Walkers = 24, 12, 10
)

var (
	// Key signs the log.
	Key    = ed25519.NewKeyFromSeed([]byte("a seed of exactly 32 bytes......"))
	secret = []byte("the secret behind the commitment")
)

// Round 1000 of drand's quicknet, which the evening is played around.
const (
	round     = "drand:52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971/1000"
	roundMS   = 1_692_806_364_000
	roundSign = "b44679b9a59af2ec876b1a6b1ad52ea9b1615fc3982b19576350f93447cb1125e342b73a8dd2bacbe47e4b6b63ed5e39"
)

// Evening is a record and what wrote it.
type Evening struct {
	Dir string
	Log *record.Log

	now   time.Time
	hall  *waitingroom.Hall
	lines map[string]*line
}

// line is one of the evening's lines.
type line struct {
	*waitingroom.Room
	number  byte
	people  byte
	segment int64
	passes  byte
}

// Play writes an evening's record into dir, signs its checkpoint and closes it.
func Play(dir string) error {
	e, err := Open(dir)
	if err != nil {
		return err
	}
	if err := e.play(); err != nil {
		return errors.Join(err, e.Log.Close())
	}
	publisher, err := fairness.NewPublisher(fairness.PublisherConfig{Dir: dir, Log: e.Log, Key: Key, Origin: Origin})
	if err == nil {
		_, _, err = publisher.Sign()
	}
	return errors.Join(err, e.Log.Close())
}

// Open begins an evening in dir.
func Open(dir string) (*Evening, error) {
	e := &Evening{Dir: dir, now: time.UnixMilli(roundMS).Add(-time.Minute), hall: waitingroom.NewHall(), lines: map[string]*line{}}
	log, _, err := record.Open(record.Config{Dir: dir, Key: Key, Now: func() time.Time { return e.now }, SegmentBytes: 16 << 10}, e.hall.Replay)
	if err != nil {
		return nil, err
	}
	e.Log = log
	e.hall.Start(log)
	return e, nil
}

// play is the evening, step by step; each step is committed before the next.
func (e *Evening) play() error {
	sum := sha256.Sum256(secret)
	seal := int64(roundMS - 20_000)
	drawn, err := hex.DecodeString(roundSign)
	if err != nil {
		return err
	}
	open := func(l *line) error { return e.move(l, waitingroom.Open) }
	steps := []func() error{
		func() error {
			return e.define(waitingroom.Cohort{ID: Secret, Order: waitingroom.Draw, DrawMode: waitingroom.SecretDraw,
				Commitment: hex.EncodeToString(sum[:]), SealMS: seal, OpenMS: roundMS, CloseMS: roundMS + 600_000, PassMS: 20_000})
		},
		func() error {
			return e.define(waitingroom.Cohort{ID: Drand, Order: waitingroom.Draw, DrawMode: waitingroom.BeaconDraw,
				Source: round, SealMS: seal, OpenMS: roundMS, CloseMS: roundMS + 600_000, Supply: 10, PassMS: 60_000})
		},
		func() error {
			return e.define(waitingroom.Cohort{ID: FirstCome, Order: waitingroom.FirstCome, OpenMS: roundMS, PassMS: 15_000})
		},
		func() error { return e.each(func(l *line) error { return e.move(l, waitingroom.Lobby) }) },
		func() error { return e.arrive(SecretLobby, DrandLobby, Walkers) },
		func() error { e.now = time.UnixMilli(seal); return nil },
		func() error { return e.seal(Secret) },
		func() error { return e.seal(Drand) },
		func() error { return e.arrive(2, 2, 0) }, // after the seal
		func() error { _, err := e.lines[Secret].Draw(secret, e.ms()); return err },
		func() error { e.now = time.UnixMilli(roundMS + 1000); return nil },
		func() error { _, err := e.lines[Drand].Draw(drawn, e.ms()); return err },
		func() error { return e.each(open) },
		func() error { return e.serve(4, 2000) },
		// The second line was opened by mistake: its passes end, it goes back to
		// its lobby, and opens later.
		func() error { return e.move(e.lines[Drand], waitingroom.Lobby) },
		func() error { e.lines[Drand].Void(e.ms()); return nil },
		func() error { return e.postpone(Drand, e.ms()+8_000) },
		func() error { return e.move(e.lines[FirstCome], waitingroom.Paused) },
		func() error { return e.serve(4, 2000) },
		func() error { return e.move(e.lines[Drand], waitingroom.Sealed) },
		func() error { return open(e.lines[Drand]) },
		func() error { return open(e.lines[FirstCome]) },
		func() error { e.lines[FirstCome].Hold("break-glass by kim: 너무 빨라요", e.ms()); return nil },
		func() error { return e.serve(2, 1000) },
		func() error { e.lines[FirstCome].Release("break-glass released by kim", e.ms()); return nil },
		func() error { return e.each(func(l *line) error { return e.outage(l, 3*time.Second) }) },
		func() error { return e.arrive(1, 1, 4) },
		func() error { return e.serve(12, 2000) },
		func() error { return e.each(func(l *line) error { return e.move(l, waitingroom.Closed) }) },
	}
	for i, step := range steps {
		if err := step(); err != nil {
			return fmt.Errorf("step %d of the evening: %w", i, err)
		}
		if err := e.pass(700 * time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func (e *Evening) ms() int64 { return e.now.UnixMilli() }

// pass lets time go by, after what happened so far is committed.
func (e *Evening) pass(d time.Duration) error {
	if size := e.Log.Size(); size > 0 {
		if err := e.Log.Wait(context.Background(), size-1); err != nil {
			return err
		}
	}
	e.now = e.now.Add(d)
	return nil
}

func (e *Evening) define(c waitingroom.Cohort) error {
	room, err := e.hall.Define(c, e.ms())
	if _, known := e.lines[c.ID]; !known {
		e.lines[c.ID] = &line{Room: room, number: byte(len(e.lines))}
	}
	return err
}

func (e *Evening) each(do func(*line) error) error {
	for _, id := range []string{Secret, Drand, FirstCome} {
		if err := do(e.lines[id]); err != nil {
			return err
		}
	}
	return nil
}

func (e *Evening) move(l *line, to waitingroom.Phase) error {
	_, err := l.MovePhase(to, e.ms())
	return err
}

// arrive lets so many people more come to each line, by turns.
func (e *Evening) arrive(counts ...byte) error {
	for round := range byte(64) {
		for i, id := range []string{Secret, Drand, FirstCome} {
			l := e.lines[id]
			if round >= counts[i] {
				continue
			}
			l.people++
			if _, err := l.Join(l.tag(l.people), e.ms()); err != nil {
				return err
			}
		}
		if round%4 == 3 {
			if err := e.pass(300 * time.Millisecond); err != nil {
				return err
			}
		}
	}
	return nil
}

func (l *line) tag(person byte) waitingroom.Tag {
	sum := sha256.Sum256([]byte{l.number, person})
	return waitingroom.Tag(sum[:16])
}

func (e *Evening) seal(id string) error {
	l := e.lines[id]
	if err := e.move(l, waitingroom.Sealed); err != nil {
		return err
	}
	_, err := l.Seal(e.ms())
	return err
}

func (e *Evening) postpone(id string, openMS int64) error {
	c := e.lines[id].Cohort()
	c.CloseMS += openMS - c.OpenMS
	c.OpenMS = openMS
	return e.define(c)
}

func (e *Evening) outage(l *line, d time.Duration) error {
	_, err := l.Outage(e.now.Add(-d).UnixMilli(), e.ms())
	return err
}

// serve renews every open line's segment so many times, a second apart, and
// lets everybody try to get in.
func (e *Evening) serve(seconds int, rateMilli int64) error {
	for range seconds {
		err := e.each(func(l *line) error {
			if l.Phase() != waitingroom.Open {
				return nil
			}
			l.segment++
			shown, people := l.Serving(e.ms()), l.Counts(e.ms()).Tickets
			most := people + 2*rateMilli/1000
			if supply := l.Cohort().Supply; supply > 0 {
				most = min(most, supply)
			}
			_, err := l.Adopt(serving.Segment{
				Cohort: l.Cohort().ID, Number: l.segment, Start: shown, T0: e.ms(), RateMilli: rateMilli,
				Until: e.ms() + 10_000, Cap: max(shown, most), FloorMilli: 500, TauMS: 1000,
			}, e.ms())
			return err
		})
		if err != nil {
			return err
		}
		if err := e.pass(time.Second); err != nil {
			return err
		}
		if err := e.each(e.claims); err != nil {
			return err
		}
	}
	return nil
}

// claims lets everybody of a line try, and every third pass be booked with.
func (e *Evening) claims(l *line) error {
	for person := range l.people {
		id := waitingroom.PassID{l.number, l.passes, person}
		pass, err := l.Claim(l.tag(person+1), id, e.ms())
		if err != nil || !pass.New {
			continue // not called, or held up, as most are
		}
		l.passes++
		if person%3 == 0 {
			if _, err := l.Booked(pass.Turn, pass.ID, e.ms()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Files are the segment files of a record in order.
func Files(dir string) ([]string, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err == nil && len(files) == 0 {
		err = os.ErrNotExist
	}
	return files, err
}
