package waitingroom_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"sunbeon/reservation/waitingroom"
)

// audit replays a journal with suspicion, as committed without delay.
func audit(t *testing.T, records [][]byte) error {
	t.Helper()
	return auditInto(t, waitingroom.NewHall(), records)
}

func auditInto(t *testing.T, hall *waitingroom.Hall, records [][]byte) error {
	t.Helper()
	committed := int64(0)
	for i, encoded := range records {
		record, err := waitingroom.Parse(encoded)
		if err != nil {
			t.Fatal(err)
		}
		if record.Event != nil {
			committed = max(committed, record.Event.TimeMS/1000)
		} else {
			committed = max(committed, record.At)
		}
		if err := hall.Audit(uint64(i), encoded, committed); err != nil {
			return err
		}
	}
	return nil
}

func TestAuditFindsWhatAnHonestGateNeverWrites(t *testing.T) {
	c := arrivalCohort
	c.PassMS = 5_000
	room, journal := called(t, c, 50, 10)
	first := claim(t, room, 1, 1, noon+1000)
	claim(t, room, 2, 2, noon+1000)
	if _, err := room.Booked(1, first.ID, noon+1500); err != nil {
		t.Fatal(err)
	}
	adoptFairly(t, room, 2, 10, 5, noon+2000)
	claim(t, room, 12, 3, noon+3000)
	claim(t, room, 2, 4, noon+9000) // the first pass has run out
	if err := audit(t, journal.records); err != nil {
		t.Fatalf("an honest evening: %v", err)
	}
	second := int64(noon/1000 + 9)
	backdated := segment("arrival", 3, 20, 10, noon+6_000)
	ahead := segment("arrival", 3, 49, 10, noon+9_000)
	beyond := segment("arrival", 3, 20, 10, noon+9_000)
	for name, add := range map[string]waitingroom.Record{
		"early pass":                 {Kind: waitingroom.KindClaim, Seq: 49, Pass: passID(9), Segment: 2, At: second},
		"second pass":                {Kind: waitingroom.KindClaim, Seq: 2, Pass: passID(9), Segment: 2, At: second},
		"another pass after":         {Kind: waitingroom.KindClaim, Seq: 1, Pass: passID(9), Segment: 1, At: second},
		"which was not followed":     {Kind: waitingroom.KindClaim, Seq: 5, Pass: passID(9), Segment: 7, At: second},
		"ended before its time":      {Kind: waitingroom.KindExpired, Seq: 2, Pass: passID(4), At: second},
		"was committed in second":    {Kind: waitingroom.KindClaim, Seq: 5, Pass: passID(9), Segment: 2, At: second - 20},
		"from when it was adopted":   {Kind: waitingroom.KindSegment, Event: &waitingroom.Event{TimeMS: noon + 9_000, Segment: &backdated}},
		"where segment 2 had called": {Kind: waitingroom.KindSegment, Event: &waitingroom.Event{TimeMS: noon + 9_000, Segment: &ahead}},
		"beyond the tail of 50":      {Kind: waitingroom.KindSegment, Event: &waitingroom.Event{TimeMS: noon + 9_000, Segment: &beyond}},
		"used pass of ticket 1":      {Kind: waitingroom.KindBooked, Seq: 1, Pass: first.ID, At: second},
		"unknown or used pass":       {Kind: waitingroom.KindBooked, Seq: 3, Pass: passID(77), At: second},
		"for the person of":          {Kind: waitingroom.KindTicket, Seq: 51, Tag: tagOf(7)},
		"ticket 60 follows":          {Kind: waitingroom.KindTicket, Seq: 60, Tag: tagOf(700)},
		"seal of a line ordered by":  {Kind: waitingroom.KindSeal, Event: &waitingroom.Event{TimeMS: noon + 9_000, Count: 50}},
	} {
		encoded, err := add.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		err = audit(t, append(journal.records[:len(journal.records):len(journal.records)], encoded))
		if err == nil || !strings.Contains(err.Error(), name) ||
			!errors.Is(err, waitingroom.ErrUnfair) && !errors.Is(err, waitingroom.ErrRecord) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAuditFindsATicketBeforeTheLobby(t *testing.T) {
	_, journal := openRoom(t, arrivalCohort)
	ticket := waitingroom.Record{Kind: waitingroom.KindTicket, Seq: 1, Tag: tagOf(1)}
	encoded, err := ticket.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	stuffed := [][]byte{journal.records[0], encoded, journal.records[1]}
	if err := audit(t, stuffed); !errors.Is(err, waitingroom.ErrUnfair) {
		t.Errorf("ticket before the lobby: %v", err)
	}
}

// Trick: a pass for a number nobody has, which sent the search for its turn
// round and round: the auditor would never have come to an end.
func TestAuditEndsWhateverNumberAPassCites(t *testing.T) {
	room, journal := openRoom(t, drawCohort)
	for p := uint64(1); p <= 5; p++ {
		join(t, room, p, noon)
	}
	move(t, room, waitingroom.Sealed, noon)
	if _, err := room.Seal(noon); err != nil {
		t.Fatal(err)
	}
	if _, err := room.Draw(secret, noon); err != nil {
		t.Fatal(err)
	}
	move(t, room, waitingroom.Open, noon)
	for _, seq := range []uint32{0, 6, 1 << 31, 1<<32 - 1} {
		claim := waitingroom.Record{Kind: waitingroom.KindClaim, Seq: seq, At: noon / 1000}
		encoded, err := claim.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := audit(t, append(journal.records[:len(journal.records):len(journal.records)], encoded)); !errors.Is(err, waitingroom.ErrUnfair) {
			t.Errorf("pass of ticket %d: %v", seq, err)
		}
	}
}

func TestAPassOfAnotherCohortIsNoticed(t *testing.T) {
	hall, journal := waitingroom.NewHall(), new(memory)
	hall.Start(journal)
	for _, id := range []string{"one", "another"} {
		c := arrivalCohort
		c.ID = id
		room, err := hall.Define(c, noon)
		if err != nil {
			t.Fatal(err)
		}
		move(t, room, waitingroom.Open, noon)
		join(t, room, 1, noon)
		adoptFairly(t, room, 1, 0, 10, noon)
		claim(t, room, 1, 7, noon+1000)
	}
	if err := audit(t, journal.records); !errors.Is(err, waitingroom.ErrUnfair) || !strings.Contains(err.Error(), "was issued before") {
		t.Errorf("one pass in two cohorts: %v", err)
	}
}

func TestALongOutageIsRemarkedOn(t *testing.T) {
	room, journal := called(t, arrivalCohort, 50, 10)
	for _, span := range [][2]int64{{noon + 1_000, noon + 31_000}, {noon + 40_000, noon + 640_000}} {
		if _, err := room.Outage(span[0], span[1]); err != nil {
			t.Fatal(err)
		}
	}
	hall := waitingroom.NewHall()
	if err := auditInto(t, hall, journal.records); err != nil {
		t.Fatal(err)
	}
	audited, _ := hall.Room(arrivalCohort.ID)
	remarks := strings.Join(audited.Remarks(), "\n")
	if strings.Count(remarks, "outage") != 1 || !strings.Contains(remarks, "600 s") {
		t.Errorf("remarks %q", remarks)
	}
}

// Trick: a small forged record opens room after room, until whoever verifies it
// runs out of memory.
func TestTrickARecordOfEndlessCohorts(t *testing.T) {
	hall := waitingroom.NewHall()
	for number := range uint32(2000) {
		record := waitingroom.Record{Kind: waitingroom.KindCohort, Cohort: number, Event: &waitingroom.Event{
			TimeMS: 1000, Cohort: &waitingroom.Cohort{ID: fmt.Sprint(number), Order: waitingroom.FirstCome, PassMS: 1},
		}}
		encoded, err := record.Append(nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := hall.Audit(uint64(number), encoded, 1); err != nil {
			if !errors.Is(err, waitingroom.ErrRecord) || number != 1024 {
				t.Errorf("cohort %d: %v", number, err)
			}
			return
		}
	}
	t.Error("2000 cohorts were taken")
}
