package fairness_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"sunbeon/internal/serving"
	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/fairness"
	"sunbeon/reservation/waitingroom/record"
)

var (
	key    = ed25519.NewKeyFromSeed([]byte("a seed of exactly 32 bytes......"))
	public = key.Public().(ed25519.PublicKey)
	secret = []byte("the secret behind the commitment")
)

const origin = "sunbeon/gate-1"

// entry is one record and when it was committed.
type entry struct {
	waitingroom.Record
	timeS int64
}

// evening is a day on record: a draw of lobby people, then calls, claims and
// bookings.
type evening struct {
	t    *testing.T
	dir  string
	now  time.Time
	log  *record.Log
	room *waitingroom.Room
}

const lobby = 40

func newEvening(t *testing.T) *evening {
	t.Helper()
	e := &evening{t: t, dir: t.TempDir(), now: time.Unix(1_800_000_000, 0)}
	hall := waitingroom.NewHall()
	e.log = openLog(t, e.dir, func() time.Time { return e.now }, hall.Replay)
	hall.Start(e.log)
	sum := sha256.Sum256(secret)
	room, err := hall.Define(waitingroom.Cohort{
		ID: "born-1975", Order: waitingroom.Draw, DrawMode: waitingroom.SecretDraw,
		Commitment: hex.EncodeToString(sum[:]), SealMS: e.ms() + 100_000, PassMS: 60_000,
	}, e.ms())
	e.check(err)
	e.room = room
	e.move(waitingroom.Lobby)
	for p := range byte(lobby) {
		_, err := room.Join(waitingroom.Tag{p, p, 1}, e.ms())
		e.check(err)
		e.pass(2 * time.Second)
	}
	e.pass(30 * time.Second)
	e.move(waitingroom.Sealed)
	_, err = room.Seal(e.ms())
	e.check(err)
	e.pass(10 * time.Second)
	_, err = room.Draw(secret, e.ms())
	e.check(err)
	e.move(waitingroom.Open)
	for s := range int64(6) {
		_, err := room.Adopt(serving.Segment{
			Cohort: "born-1975", Number: s + 1, Start: room.Serving(e.ms()), T0: e.ms(),
			RateMilli: 4000, Until: e.ms() + 10_000, Cap: lobby + 8, TauMS: 1000,
		}, e.ms())
		e.check(err)
		e.pass(1500 * time.Millisecond)
		e.claims(byte(s))
	}
	e.pass(0) // the last claims are in the files, too
	return e
}

// claims lets everybody try, and every second pass be used.
func (e *evening) claims(round byte) {
	for p := range byte(lobby) {
		pass, err := e.room.Claim(waitingroom.Tag{p, p, 1}, waitingroom.PassID{round + 1, p}, e.ms())
		if err == nil && pass.New && p%2 == 0 {
			_, err := e.room.Booked(pass.Turn, pass.ID, e.ms())
			e.check(err)
		}
	}
}

func (e *evening) ms() int64 { return e.now.UnixMilli() }

// pass lets time go by, after what happened so far is committed.
func (e *evening) pass(d time.Duration) {
	e.t.Helper()
	e.check(e.log.Wait(context.Background(), e.log.Size()-1))
	e.now = e.now.Add(d)
}

func (e *evening) move(to waitingroom.Phase) {
	e.t.Helper()
	_, err := e.room.MovePhase(to, e.ms())
	e.check(err)
}

// checkpoint is one of the log as it is.
func (e *evening) checkpoint() fairness.Checkpoint {
	size, root := e.log.Head()
	return fairness.Checkpoint{Origin: origin, Size: size, Root: root}
}

func (e *evening) check(err error) {
	e.t.Helper()
	if err != nil {
		e.t.Fatal(err)
	}
}

func openLog(t *testing.T, dir string, now func() time.Time, replay func(uint64, []byte) error) *record.Log {
	t.Helper()
	log, _, err := record.Open(record.Config{Dir: dir, Key: key, Now: now}, replay)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := log.Close(); err != nil {
			t.Error(err)
		}
	})
	return log
}

// entries reads a record back.
func entries(t *testing.T, dir string) (list []entry) {
	t.Helper()
	_, err := record.Read(dir, func(g *record.Group) error {
		for _, r := range g.Records {
			parsed, err := waitingroom.Parse(bytes.Clone(r))
			if err != nil {
				return err
			}
			list = append(list, entry{Record: parsed, timeS: g.TimeS})
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// forge writes another record, every group of it signed with the true key: the
// operator's own hand.
func forge(t *testing.T, list []entry) string {
	t.Helper()
	dir := t.TempDir()
	var now int64
	log := openLog(t, dir, func() time.Time { return time.Unix(now, 0) }, nil)
	for _, e := range list {
		now = e.timeS
		encoded, err := e.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := log.Wait(context.Background(), log.Append(encoded)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}
