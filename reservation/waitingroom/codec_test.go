package waitingroom_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/waitingroom"
)

func TestRecordKeepsWhatItIsGiven(t *testing.T) {
	digest := waitingroom.HexDigest{1, 2, 3}
	held := segment("c", 7, 100, 50, 1_000)
	records := []waitingroom.Record{
		{Kind: waitingroom.KindTicket, Cohort: 3, Seq: 10_000_000, Tag: tagOf(1)},
		{Kind: waitingroom.KindClaim, Seq: 1, Pass: passID(1), Segment: 1 << 40, At: 1_790_000_000},
		{Kind: waitingroom.KindBooked, Seq: 9, Pass: passID(2), At: 5},
		{Kind: waitingroom.KindExpired, Seq: 9, Pass: passID(2), At: 6},
		{Kind: waitingroom.KindCohort, Event: &waitingroom.Event{TimeMS: 1, Cohort: &drawCohort}},
		{Kind: waitingroom.KindSeal, Event: &waitingroom.Event{TimeMS: 1, Count: 4, Root: &digest}},
		{Kind: waitingroom.KindDraw, Event: &waitingroom.Event{TimeMS: 1, Value: secret, Seed: &digest}},
		{Kind: waitingroom.KindSegment, Event: &waitingroom.Event{TimeMS: 1, Segment: &held}},
		{Kind: waitingroom.KindHold, Event: &waitingroom.Event{TimeMS: 1, Held: true, Reason: "너무 빨라요"}},
	}
	for _, want := range records {
		encoded, err := want.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := waitingroom.Parse(encoded)
		if err != nil {
			t.Fatalf("kind %d: %v", want.Kind, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("kind %d (-want +got):\n%s", want.Kind, diff)
		}
		for cut := range encoded {
			if _, err := waitingroom.Parse(encoded[:cut]); !errors.Is(err, waitingroom.ErrRecord) {
				t.Errorf("kind %d cut to %d of %d bytes: %v", want.Kind, cut, len(encoded), err)
			}
		}
	}
}

func TestTicketRecordIsSmall(t *testing.T) {
	ticket := waitingroom.Record{Kind: waitingroom.KindTicket, Seq: 10_000_000, Tag: tagOf(1)}
	encoded, err := ticket.Append(nil)
	if err != nil || len(encoded) > 22 {
		t.Errorf("%d bytes, error %v; want at most 22", len(encoded), err)
	}
}

// Whatever parses has one encoding only, so nobody can write the same ticket
// in two ways that hash differently.
func FuzzParse(f *testing.F) {
	f.Add([]byte{2, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16})
	f.Add([]byte{6, 0, 1, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 4, 5})
	f.Add([]byte(`` + "\x0a\x00" + `{"time_ms":5,"phase":"open"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		record, err := waitingroom.Parse(b)
		if err != nil {
			if !errors.Is(err, waitingroom.ErrRecord) {
				t.Fatalf("error without ErrRecord: %v", err)
			}
			return
		}
		again, err := record.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if record.Event == nil && !bytes.Equal(b, again) {
			t.Fatalf("%x parses and encodes as %x", b, again)
		}
		// A record of any content must not break a room that replays it.
		hall := waitingroom.NewHall()
		if err := hall.Replay(0, cohortRecord(t)); err != nil {
			t.Fatal(err)
		}
		_ = hall.Replay(1, b)
		// Nor keep an auditor.
		hall = waitingroom.NewHall()
		if err := hall.Audit(0, cohortRecord(t), 0); err != nil {
			t.Fatal(err)
		}
		_ = hall.Audit(1, b, record.At)
	})
}

func cohortRecord(t *testing.T) []byte {
	t.Helper()
	r := waitingroom.Record{Kind: waitingroom.KindCohort, Event: &waitingroom.Event{TimeMS: 1, Cohort: &drawCohort}}
	encoded, err := r.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return encoded
}
