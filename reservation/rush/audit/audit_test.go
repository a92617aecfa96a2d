package audit_test

import (
	"crypto/ed25519"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"sunbeon/reservation/rush/audit"
	"sunbeon/reservation/rush/journal"
	"sunbeon/reservation/waitingroom"
)

// found compares the counts and looks for words of the first violation.
func found(t *testing.T, e *evening, want audit.Findings, words string) {
	t.Helper()
	got, err := e.audit(t)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, *got, cmpopts.IgnoreUnexported(audit.Findings{})); d != "" {
		t.Errorf("findings (-want +got):\n%s%v", d, got.Err())
	}
	switch err := got.Err(); {
	case words == "" && err != nil:
		t.Errorf("violations: %v", err)
	case words != "" && (err == nil || !strings.Contains(err.Error(), words)):
		t.Errorf("%v does not tell of %q", err, words)
	}
}

var sound = audit.Findings{Bookings: 3, Acknowledged: 4}

func with(change func(*audit.Findings)) audit.Findings {
	f := sound
	change(&f)
	return f
}

func TestSoundEveningHasNoFindings(t *testing.T) { found(t, hold(t), sound, "") }

func TestNobodyInTheLobbyIsNoFinding(t *testing.T) { found(t, holdWithLobby(t, 0), sound, "") }

func TestLedgerThatLost(t *testing.T) {
	f := func(words string, want func(*audit.Findings), statements ...string) {
		t.Helper()
		e := hold(t)
		e.ledgerSQL(t, statements...)
		found(t, e, with(want), words)
	}
	f("acknowledged and is not in the ledger",
		func(f *audit.Findings) { f.Bookings, f.Missing, f.Unsound = 2, 1, 1 },
		`UPDATE bookings SET live = 0 WHERE serial = 1`)
	f("was acknowledged for the slots [1 3] and holds [2 3]",
		func(f *audit.Findings) { f.Missing, f.Unsound = 1, 1 },
		`UPDATE bookings SET first = 2 WHERE serial = 1`)
	f("slot 1 has 3 live doses and 2 places",
		func(f *audit.Findings) { f.Missing, f.Overbooked, f.Unsound = 1, 1, 1 },
		`UPDATE bookings SET first = 1 WHERE person = 'p4'`)
	f("one person holds the live bookings",
		func(f *audit.Findings) { f.Duplicates = 1 },
		`DROP TRIGGER bookings_person_later`, `UPDATE bookings SET person = 'p2' WHERE serial = 1`)
	f("was cancelled and is live",
		func(f *audit.Findings) { f.Bookings, f.Lost, f.Unsound = 4, 1, 1 },
		`UPDATE bookings SET live = 1 WHERE serial = 3`)
	f("were made under one pass",
		func(f *audit.Findings) { f.Duplicates = 1 },
		`UPDATE bookings SET pass = (SELECT pass FROM bookings WHERE serial = 1) WHERE serial = 2`)
	f("under a pass the line never issued",
		func(f *audit.Findings) { f.EarlyPasses = 1 },
		`UPDATE bookings SET pass = 'ffffffffffffffffffffffffffffffff' WHERE serial = 2`)
}

func TestJournalThatTellsOfMore(t *testing.T) {
	f := func(words string, entry journal.Entry, want func(*audit.Findings)) {
		t.Helper()
		e := hold(t)
		e.told(entry)
		found(t, e, with(want), words)
	}
	f("place 99 of person n42 is not in the line's record",
		journal.Entry{Event: journal.Ticket, Person: "n42", Seq: new(int64(99))},
		func(f *audit.Findings) { f.Lost = 1 })
	f("person n0 was given place 1 and later place 2",
		journal.Entry{Event: journal.Ticket, Person: "n0", Device: 2, Seq: new(int64(2))},
		func(f *audit.Findings) { f.Duplicates = 1 })
	f("place 1 was given to persons n0 and n42",
		journal.Entry{Event: journal.Ticket, Person: "n42", Seq: new(int64(1))},
		func(f *audit.Findings) { f.Duplicates = 1 })
	f("person n9 was told turn 3; by the line's record place 10 has turn 10",
		journal.Entry{Event: journal.Ticket, Person: "n9", Seq: new(int64(10)), Turn: new(int64(3))},
		func(f *audit.Findings) { f.Duplicates = 1 })
	f("the pass of person n9, turn 10, is not in the line's record",
		journal.Entry{Event: journal.Pass, Person: "n9", PassID: strings.Repeat("0", 32), Turn: new(int64(10))},
		func(f *audit.Findings) { f.Lost = 1 })
	f("the pass of person n9, turn 10, is not in the line's record",
		journal.Entry{Event: journal.Pass, Person: "n9", PassID: "garbled", Turn: new(int64(10))},
		func(f *audit.Findings) { f.Lost = 1 })
	f("booking 0000-0000 of person n5 was acknowledged and is not in the ledger",
		journal.Entry{Event: journal.Booked, Person: "n5", Number: "0000-0000"},
		func(f *audit.Findings) { f.Acknowledged, f.Missing = 5, 1 })
}

// What an evening before this one acknowledged has to survive; what another
// cohort did is none of this audit's business.
func TestEarlierJournalsCount(t *testing.T) {
	f := func(entry journal.Entry, want func(*audit.Findings), words string) {
		t.Helper()
		e := hold(t)
		e.write(t, "earlier.jsonl", entry)
		found(t, e, with(want), words)
	}
	lost := journal.Entry{Event: journal.Booked, Person: "n5", Number: "0000-0000", Cohort: cohort}
	f(lost, func(f *audit.Findings) { f.Acknowledged, f.Missing = 5, 1 }, "booking 0000-0000 of person n5")
	lost.Cohort = "another"
	f(lost, func(*audit.Findings) {}, "")
}

// A cancellation whose answer got lost may or may not have happened.
func TestUnknownCancellationsAreNotMissed(t *testing.T) {
	for _, happened := range []bool{true, false} {
		e := hold(t)
		e.entries = slices.DeleteFunc(e.entries, func(e journal.Entry) bool { return e.Event == journal.Cancelled })
		want := sound
		if !happened {
			e.ledgerSQL(t, `UPDATE bookings SET live = 1`, `DELETE FROM outbox WHERE kind = 'cancelled'`, `DELETE FROM moves`,
				`UPDATE places SET taken = (SELECT count(*) FROM bookings WHERE first = slot OR second = slot)`)
			want.Bookings = 4
		}
		found(t, e, want, "")
	}
}

func TestRecordThatBrokeTheRules(t *testing.T) {
	f := func(words string, want func(*audit.Findings), records ...waitingroom.Record) {
		t.Helper()
		e := hold(t)
		e.forge(t, records...)
		found(t, e, with(want), words)
	}
	claim := func(seq uint32, segment, at int64) waitingroom.Record {
		return waitingroom.Record{Kind: waitingroom.KindClaim, Seq: seq, Pass: waitingroom.PassID{0xff}, Segment: segment, At: at}
	}
	const at = (claimedMS + 999) / 1000
	f("turn 9 got a pass when segment 2 had called up to 6",
		func(f *audit.Findings) { f.EarlyPasses = 1 }, claim(9, 2, at))
	// The segment that was superseded would have called it by now, had it
	// stayed in force.
	f("turn 8 got a pass when segment 1 had called up to 6",
		func(f *audit.Findings) { f.EarlyPasses = 1 }, claim(8, 1, at))
	f("cites segment 7, which was never followed",
		func(f *audit.Findings) { f.EarlyPasses = 1 }, claim(8, 7, at))
	f("a pass went to place 11, which nobody has",
		func(f *audit.Findings) { f.EarlyPasses = 1 }, claim(11, 1, at))
	f("one person has the places 1 and 11",
		func(f *audit.Findings) { f.Duplicates = 1 },
		waitingroom.Record{Kind: waitingroom.KindTicket, Seq: 11, Tag: waitingroom.Tag{1}})
	f("place 15 was given out where 11 came next",
		func(f *audit.Findings) { f.Duplicates = 1 },
		waitingroom.Record{Kind: waitingroom.KindTicket, Seq: 15, Tag: waitingroom.Tag{99}})
}

func TestRecordThatLostItsEnd(t *testing.T) {
	e := hold(t)
	e.forge(t, waitingroom.Record{Kind: waitingroom.KindTicket, Seq: people + 1, Tag: waitingroom.Tag{99}})
	e.told(journal.Entry{Event: journal.Ticket, Person: "n42", Seq: new(int64(people + 1))})
	files, err := filepath.Glob(filepath.Join(e.record, "*"))
	must(t, err)
	for _, file := range files {
		info, err := os.Stat(file)
		must(t, err)
		if info.Size() > 0 {
			must(t, os.Truncate(file, info.Size()-1))
		}
	}
	found(t, e, with(func(f *audit.Findings) { f.Lost = 1 }), "place 11 of person n42 is not in the line's record")
}

func TestAuditThatCannotReadSaysSo(t *testing.T) {
	f := func(what, words string, spoil func(*testing.T, *evening)) {
		t.Helper()
		e := hold(t)
		spoil(t, e)
		if got, err := e.audit(t); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: findings %+v, %v; want an error with %q", what, got, err, words)
		}
	}
	f("no record", "cohort", func(t *testing.T, e *evening) { e.record = t.TempDir() })
	f("another gate's record", "signature", func(t *testing.T, e *evening) {
		e.key = ed25519.NewKeyFromSeed([]byte("another seed of thirty-two bytes"))
	})
	f("another ledger", "read the ledger", func(t *testing.T, e *evening) {
		e.ledgerSQL(t, `DROP TABLE places`)
	})
}
