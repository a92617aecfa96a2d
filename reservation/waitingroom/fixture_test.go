package waitingroom_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"sync"
	"testing"
	"time"

	"sunbeon/internal/serving"
	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/record"
)

// tagOf stands in for the keyed hash of a person.
func tagOf(person uint64) waitingroom.Tag {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], person)
	sum := sha256.Sum256(b[:])
	return waitingroom.Tag(sum[:16])
}

func openHall(tb testing.TB, dir string) (*waitingroom.Hall, *record.Log) {
	tb.Helper()
	hall := waitingroom.NewHall()
	log, _, err := record.Open(record.Config{
		Dir: dir, Key: ed25519.NewKeyFromSeed(make([]byte, 32)), Now: time.Now,
	}, hall.Replay)
	if err != nil {
		tb.Fatal(err)
	}
	hall.Start(log)
	return hall, log
}

var secret = []byte("a secret of thirty-two bytes....")

func commitment(secret []byte) string {
	sum := sha256.Sum256(secret)
	return hex.EncodeToString(sum[:])
}

var drawCohort = waitingroom.Cohort{
	ID: "draw", Order: waitingroom.Draw, DrawMode: waitingroom.SecretDraw,
	Commitment: commitment(secret), PassMS: 600_000,
}

var arrivalCohort = waitingroom.Cohort{ID: "arrival", Order: waitingroom.FirstCome, PassMS: 600_000}

// memory is a journal that keeps its records.
type memory struct {
	mu      sync.Mutex
	records [][]byte
}

func (m *memory) Append(record []byte) uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.records = append(m.records, bytes.Clone(record))
	return uint64(len(m.records) - 1)
}

// replay builds a hall anew from what the journal holds.
func (m *memory) replay(t testing.TB) *waitingroom.Hall {
	t.Helper()
	hall := waitingroom.NewHall()
	for i, r := range m.records {
		if err := hall.Replay(uint64(i), r); err != nil {
			t.Fatalf("replay record %d: %v", i, err)
		}
	}
	return hall
}

// openRoom returns a room in the lobby phase over a journal in memory.
func openRoom(t testing.TB, c waitingroom.Cohort) (*waitingroom.Room, *memory) {
	t.Helper()
	hall, journal := waitingroom.NewHall(), new(memory)
	hall.Start(journal)
	room, err := hall.Define(c, 1)
	if err != nil {
		t.Fatal(err)
	}
	move(t, room, waitingroom.Lobby, 1)
	return room, journal
}

func move(t testing.TB, room *waitingroom.Room, to waitingroom.Phase, nowMS int64) {
	t.Helper()
	if _, err := room.MovePhase(to, nowMS); err != nil {
		t.Fatal(err)
	}
}

func join(t testing.TB, room *waitingroom.Room, person uint64, nowMS int64) waitingroom.Ticket {
	t.Helper()
	ticket, err := room.Join(tagOf(person), nowMS)
	if err != nil {
		t.Fatalf("join of person %d: %v", person, err)
	}
	return ticket
}

// adopt makes the room call rate turns a second from nowMS on.
func adopt(t testing.TB, room *waitingroom.Room, number, start, rate, nowMS int64) {
	t.Helper()
	if _, err := room.Adopt(segment(room.Cohort().ID, number, start, rate, nowMS), nowMS); err != nil {
		t.Fatal(err)
	}
}

// adoptFairly is adopt of a segment that calls nobody beyond the tail, as the
// plan makes them.
func adoptFairly(t testing.TB, room *waitingroom.Room, number, start, rate, nowMS int64) {
	t.Helper()
	s := segment(room.Cohort().ID, number, start, rate, nowMS)
	s.Cap = room.Counts(nowMS).Tickets + rate*waitingroom.RunAheadMS/1000
	if supply := room.Cohort().Supply; supply > 0 {
		s.Cap = min(s.Cap, supply)
	}
	s.Cap = max(s.Cap, s.Start)
	if _, err := room.Adopt(s, nowMS); err != nil {
		t.Fatal(err)
	}
}

func segment(cohort string, number, start, rate, t0 int64) serving.Segment {
	return serving.Segment{
		Cohort: cohort, Number: number, Start: start, T0: t0, RateMilli: rate * 1000,
		Until: t0 + 10_000, Cap: 1 << 30, TauMS: 5_000,
	}
}

func passID(n byte) waitingroom.PassID { return waitingroom.PassID{n} }
