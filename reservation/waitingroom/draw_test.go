package waitingroom_test

import (
	"errors"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"

	"sunbeon/reservation/waitingroom"
)

func TestDrawOrdersTheLobbyAndOnlyIt(t *testing.T) {
	room, journal := openRoom(t, drawCohort)
	const lobby, late = 100, 20
	for p := range uint64(lobby) {
		if turn := join(t, room, p, 1).Turn; turn != 0 {
			t.Fatalf("turn %d before the draw", turn)
		}
	}
	move(t, room, waitingroom.Sealed, 2)
	seal, err := room.Seal(2)
	if err != nil {
		t.Fatal(err)
	}
	if seal.Count != lobby || seal.Root != rootOfTickets(t, journal, lobby) {
		t.Errorf("seal %+v does not match the lobby's records", seal)
	}
	for p := uint64(lobby); p < lobby+late; p++ {
		if ticket := join(t, room, p, 3); ticket.Turn != ticket.Seq {
			t.Errorf("latecomer %+v", ticket)
		}
	}
	if again, err := room.Seal(9); err != nil || again != seal {
		t.Errorf("second seal %+v, %v", again, err)
	}
	if _, err := room.MovePhase(waitingroom.Open, 4); !errors.Is(err, waitingroom.ErrPhase) {
		t.Errorf("opened without a draw: %v", err)
	}
	if _, err := room.Draw([]byte("another secret"), 4); !errors.Is(err, waitingroom.ErrDraw) {
		t.Errorf("drawn with a secret nobody committed to: %v", err)
	}
	drawn, err := room.Draw(secret, 4)
	if err != nil {
		t.Fatal(err)
	}
	turns := map[int64]bool{}
	for p := range uint64(lobby + late) {
		ticket, _ := room.Ticket(tagOf(p), 5)
		want := ticket.Seq
		if ticket.Seq <= lobby {
			want = waitingroom.Turn(drawn.Seed, lobby, ticket.Seq)
		}
		if ticket.Turn != want || turns[ticket.Turn] {
			t.Errorf("ticket %+v, want turn %d and nobody else there", ticket, want)
		}
		turns[ticket.Turn] = true
	}
}

func rootOfTickets(t *testing.T, journal *memory, count int) [32]byte {
	t.Helper()
	hasher := rfc6962.DefaultHasher
	lobby := (&compact.RangeFactory{Hash: hasher.HashChildren}).NewEmptyRange(0)
	for _, encoded := range journal.records {
		if encoded[0] == byte(waitingroom.KindTicket) && lobby.End() < uint64(count) {
			if err := lobby.Append(hasher.HashLeaf(encoded), nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	root, err := lobby.GetRootHash(nil)
	if err != nil {
		t.Fatal(err)
	}
	return [32]byte(root)
}

func TestSealKeepsItsAnnouncedTime(t *testing.T) {
	c := drawCohort
	c.SealMS = 5_000
	room, _ := openRoom(t, c)
	if _, err := room.Seal(4_999); !errors.Is(err, waitingroom.ErrDraw) {
		t.Errorf("sealed before the announced time: %v", err)
	}
	if seal, err := room.Seal(5_000); err != nil || seal.Count != 0 {
		t.Errorf("seal of an empty lobby %+v, %v", seal, err)
	}
	if _, err := room.Draw(secret, 5_000); err != nil {
		t.Errorf("draw of an empty lobby: %v", err)
	}
}

func TestAnnouncementHoldsOnceThereAreTickets(t *testing.T) {
	hall := waitingroom.NewHall()
	hall.Start(new(memory))
	room, err := hall.Define(drawCohort, 1)
	if err != nil {
		t.Fatal(err)
	}
	move(t, room, waitingroom.Lobby, 1)
	join(t, room, 1, 1)
	other := drawCohort
	other.Commitment = commitment([]byte("a secret chosen later"))
	if _, err := hall.Define(other, 2); !errors.Is(err, waitingroom.ErrCohort) {
		t.Errorf("commitment changed: %v", err)
	}
	postponed := drawCohort
	postponed.OpenMS = 99
	if _, err := hall.Define(postponed, 2); err != nil {
		t.Errorf("postponed: %v", err)
	}
}
