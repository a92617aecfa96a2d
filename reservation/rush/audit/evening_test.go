package audit_test

import (
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"sunbeon/internal/serving"
	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/ledger/sqlite"
	"sunbeon/reservation/rush/audit"
	"sunbeon/reservation/rush/journal"
	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/record"
)

// evening is the evidence of a small evening, made by the real line and the
// real ledger: ten people, seven of them in the lobby of a draw, six called,
// four booked, one of whom cancelled.
type evening struct {
	dir, ledger, record string
	key                 ed25519.PrivateKey
	journals            []string
	entries             []journal.Entry
}

const (
	people      = 10
	lobby       = 7
	calledUpTo  = 6
	openMS      = 1_700_000_000_000
	claimedMS   = openMS + 4_500
	capacity    = 2
	cohort      = "c"
	cancelledBy = 3 // turn
)

var secret = []byte("nobody knows this before the lobby is sealed")

func hold(t *testing.T) *evening {
	t.Helper()
	return holdWithLobby(t, lobby)
}

func holdWithLobby(t *testing.T, lobby int) *evening {
	t.Helper()
	dir := t.TempDir()
	e := &evening{
		dir: dir, ledger: filepath.Join(dir, "ledger.db"), record: filepath.Join(dir, "record"),
		key: ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)),
	}
	passes := e.line(t, lobby)
	e.book(t, passes)
	return e
}

// line makes the record and returns the passes by turn.
func (e *evening) line(t *testing.T, lobby int) map[int64]waitingroom.Pass {
	t.Helper()
	log := e.open(t)
	hall := waitingroom.NewHall()
	hall.Start(log)
	commitment := sha256.Sum256(secret)
	room, err := hall.Define(waitingroom.Cohort{
		ID: cohort, Order: waitingroom.Draw, DrawMode: waitingroom.SecretDraw,
		Commitment: hex.EncodeToString(commitment[:]), PassMS: 600_000,
	}, openMS-9000)
	must(t, err)
	_, err = room.MovePhase(waitingroom.Lobby, openMS-8000)
	must(t, err)
	join := func(person int) {
		ticket, err := room.Join(waitingroom.Tag{byte(person + 1)}, openMS-7000)
		must(t, err)
		e.told(journal.Entry{Event: journal.Ticket, Person: name(person), Seq: &ticket.Seq})
	}
	for person := range lobby {
		join(person)
	}
	_, err = room.Seal(openMS - 1000)
	must(t, err)
	for person := lobby; person < people; person++ {
		join(person)
	}
	_, err = room.Draw(secret, openMS-500)
	must(t, err)
	_, err = room.MovePhase(waitingroom.Open, openMS)
	must(t, err)
	// Two turns a second; superseded by one that is capped, calls nobody
	// further and only lets claims in quickly.
	_, err = room.Adopt(segment(1, 0, openMS, 2000, people), openMS)
	must(t, err)
	_, err = room.Adopt(segment(2, calledUpTo, openMS+3000, 100_000, calledUpTo), openMS+3000)
	must(t, err)
	passes := map[int64]waitingroom.Pass{}
	for try := range 10 * people {
		person := try % people
		pass, err := room.Claim(waitingroom.Tag{byte(person + 1)}, waitingroom.PassID{0xaa, byte(person)}, claimedMS+int64(try))
		if err != nil || !pass.New {
			continue // not called, asked to wait, or through
		}
		passes[pass.Turn] = pass
		e.told(journal.Entry{
			Event: journal.Pass, Person: name(person), PassID: hex.EncodeToString(pass.ID[:]), Turn: &pass.Turn, Segment: pass.Segment,
		})
	}
	if len(passes) != calledUpTo {
		t.Fatalf("%d passes were claimed, want %d", len(passes), calledUpTo)
	}
	must(t, log.Close())
	return passes
}

func segment(number, start, t0, rateMilli, limit int64) serving.Segment {
	return serving.Segment{Cohort: cohort, Number: number, Start: start, T0: t0, RateMilli: rateMilli, Until: t0 + 10_000, Cap: limit, TauMS: 1000}
}

func (e *evening) open(t *testing.T) *record.Log {
	t.Helper()
	log, _, err := record.Open(record.Config{Dir: e.record, Key: e.key, Now: func() time.Time { return time.UnixMilli(claimedMS) }},
		func(uint64, []byte) error { return nil })
	must(t, err)
	return log
}

// book lets turns 1 to 4 book, two by two, and turn 3 cancel.
func (e *evening) book(t *testing.T, passes map[int64]waitingroom.Pass) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), e.ledger)
	must(t, err)
	defer store.Close()
	catalog := ledger.Catalog{
		Vaccines:     []booking.Vaccine{{ID: "v", Doses: 2, IntervalDays: 42}},
		Institutions: []booking.Institution{{ID: 1, Name: "Clinic", Province: "Jeju", District: "Jeju-si"}},
	}
	for id := booking.SlotID(1); id <= 4; id++ {
		catalog.Slots = append(catalog.Slots, booking.Slot{ID: id, Institution: 1, Start: booking.Moment(id) * 30, Vaccine: "v", Capacity: capacity})
	}
	must(t, store.Seed(t.Context(), catalog))
	for turn := int64(1); turn <= 4; turn++ {
		pass := passes[turn]
		first := booking.SlotID((turn + 1) / 2)
		out := commit(t, store, booking.Request{
			Kind: booking.Book, Key: fmt.Sprintf("k%d", turn), Person: fmt.Sprintf("p%d", turn), First: first, Second: []booking.SlotID{first + 2},
			Cohort: cohort, Pass: hex.EncodeToString(pass.ID[:]), Sealed: []byte{1}, TimeMS: claimedMS,
		})
		person := int(pass.ID[1])
		number := string(booking.NumberOf(out.Serial))
		e.told(journal.Entry{Event: journal.Booked, Person: name(person), Number: number, Doses: []journal.Dose{
			{Dose: 1, Slot: first.String()}, {Dose: 2, Slot: (first + 2).String()},
		}})
		if turn == cancelledBy {
			e.told(journal.Entry{Event: journal.Cancelling, Person: name(person), Number: number})
			commit(t, store, booking.Request{Kind: booking.Cancel, Key: "cancel", Person: fmt.Sprintf("p%d", turn), Serial: out.Serial, TimeMS: claimedMS})
			e.told(journal.Entry{Event: journal.Cancelled, Person: name(person), Number: number})
		}
	}
}

func commit(t *testing.T, store *sqlite.Store, r booking.Request) booking.Outcome {
	t.Helper()
	must(t, r.Validate())
	outcomes, err := store.Commit(t.Context(), func() []booking.Request { return []booking.Request{r} })
	must(t, err)
	if outcomes[0].Serial == 0 {
		t.Fatalf("ledger refused: %+v", outcomes[0])
	}
	return outcomes[0]
}

// told adds a line to the journal that run will write.
func (e *evening) told(entry journal.Entry) {
	entry.TimeMS, entry.Cohort = claimedMS+int64(len(e.entries)), cohort
	e.entries = append(e.entries, entry)
}

// ledgerSQL changes the ledger behind its back.
func (e *evening) ledgerSQL(t *testing.T, statements ...string) {
	t.Helper()
	db, err := sql.Open("sqlite", e.ledger)
	must(t, err)
	defer db.Close()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// forge adds records to the line's log as a gate's operator could.
func (e *evening) forge(t *testing.T, records ...waitingroom.Record) {
	t.Helper()
	log := e.open(t)
	for _, r := range records {
		encoded, err := r.Append(nil)
		must(t, err)
		log.Append(encoded)
	}
	must(t, log.Close())
}

func (e *evening) audit(t *testing.T) (*audit.Findings, error) {
	t.Helper()
	e.write(t, "journal.jsonl", e.entries...)
	store, err := sqlite.OpenReadOnly(context.Background(), e.ledger)
	must(t, err)
	defer store.Close()
	return audit.Run(t.Context(), audit.Evidence{
		Journals: e.journals, Ledger: store, Record: e.record, Key: e.key.Public().(ed25519.PublicKey), Cohort: cohort,
	})
}

// write makes a journal of its own.
func (e *evening) write(t *testing.T, file string, entries ...journal.Entry) {
	t.Helper()
	path := filepath.Join(e.dir, file)
	w, err := journal.Create(path)
	must(t, err)
	for _, entry := range entries {
		w.Append(entry)
	}
	must(t, w.Close())
	e.journals = append(e.journals, path)
}

func name(person int) string { return fmt.Sprintf("n%d", person) }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
