package fairness

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"

	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/record"
	"sunbeon/reservation/waitingroom/tree"
)

// Config of a verification.
type Config struct {
	// Dir holds the segment files of the record.
	Dir string
	// Key is the log's public key as known from elsewhere; nil takes the one
	// the record names, which the report then says.
	Key ed25519.PublicKey
	// Evidence are signed checkpoints and receipts seen before, as files.
	Evidence []Evidence
}

// Evidence is one file somebody kept.
type Evidence struct {
	Name    string
	Content []byte
}

// Verify checks every claim that a record can prove. A violation is in the
// report, not an error; the error is for what could not be read at all, or
// evidence that is not this log's.
func Verify(c Config) (*Report, error) {
	v := &verifier{config: c, hall: waitingroom.NewHall()}
	err := record.Read(c.Dir, v.group)
	switch {
	case err == nil:
		if err := v.finish(); err != nil {
			return nil, err
		}
	case errors.Is(err, errStop):
	case errors.Is(err, record.ErrCorrupt):
		v.violate(Signed, v.records, err)
	default:
		return nil, err
	}
	return v.report(), nil
}

// errStop ends the reading at the first violation.
var errStop = errors.New("violation found")

type verifier struct {
	config Config
	key    ed25519.PublicKey
	seen   Seen
	hall   *waitingroom.Hall

	groups    tree.Frontier
	records   uint64
	violation *Violation
}

func (v *verifier) violate(claim Claim, position uint64, err error) error {
	v.violation = &Violation{Claim: claim, Group: v.groups.Size(), Position: position, Detail: err.Error()}
	return errStop
}

// begin settles the key, and with it what evidence counts.
func (v *verifier) begin(named ed25519.PublicKey) error {
	v.key = v.config.Key
	if v.key == nil {
		v.key = named
	}
	for _, e := range v.config.Evidence {
		if err := v.seen.Add(e.Content, v.key); err != nil {
			return fmt.Errorf("%s: %w", e.Name, err)
		}
	}
	return nil
}

func (v *verifier) group(g *record.Group) error {
	if v.key == nil {
		if err := v.begin(g.Key); err != nil {
			return err
		}
	}
	if err := g.Verify(v.key); err != nil {
		return v.violate(Signed, g.First, err)
	}
	if err := v.seen.atSize(g.Number, g.Tree); err != nil {
		return v.violate(OnlyGrew, g.First, err)
	}
	if err := v.seen.inGroup(g); err != nil {
		return v.violate(OnlyGrew, g.First, err)
	}
	for i, r := range g.Records {
		position := g.First + uint64(i)
		if err := v.hall.Audit(position, r, g.TimeS); err != nil {
			return v.violate(claimOf(r), position, err)
		}
	}
	v.groups.Add(g.Leaf())
	v.records += uint64(g.Count)
	return nil
}

// finish checks what can only be told at the end.
func (v *verifier) finish() error {
	switch {
	case v.key != nil:
	case len(v.config.Evidence) == 0:
		return fmt.Errorf("there is no record in %s", v.config.Dir)
	default:
		_ = v.violate(OnlyGrew, 0, fmt.Errorf("the record is empty, and %s was seen of it", v.config.Evidence[0].Name))
		return nil
	}
	size := v.groups.Size()
	if err := v.seen.atSize(size, v.groups.Root()); err != nil {
		_ = v.violate(OnlyGrew, v.records, err)
	} else if size < v.seen.largest {
		_ = v.violate(OnlyGrew, v.records,
			fmt.Errorf("the log has %d groups, and %d were seen before", size, v.seen.largest))
	}
	return nil
}

// claimOf says which claim a record that does not pass breaks.
func claimOf(encoded []byte) Claim {
	r, err := waitingroom.Parse(encoded)
	if err != nil {
		return Signed
	}
	switch r.Kind {
	case waitingroom.KindTicket:
		return OnePlace
	case waitingroom.KindCohort, waitingroom.KindSeal, waitingroom.KindDraw:
		return FairDraw
	case waitingroom.KindBooked:
		return OneBooked
	}
	return OnlyCall
}

func (v *verifier) report() *Report {
	root := v.groups.Root()
	r := &Report{
		OK: v.violation == nil, Violation: v.violation,
		Key: hex.EncodeToString(v.key), KeyGiven: v.config.Key != nil,
		Groups: v.groups.Size(), Records: v.records, Root: hex.EncodeToString(root[:]),
		Seen: v.seen.count, NotProvable: notProvable,
		Proved: []Claim{}, Lines: []Line{}, Trusted: []string{},
	}
	if r.OK {
		r.Proved = claims
	}
	if !r.KeyGiven {
		r.Trusted = append(r.Trusted, "the key the record itself names: compare it with the published one")
	}
	if v.seen.count == 0 && r.OK {
		r.Trusted = append(r.Trusted, "that nothing was cut off at the end: no checkpoint or receipt was given")
	}
	for _, room := range v.hall.Rooms() {
		line, trusted := lineOf(room)
		r.Lines = append(r.Lines, line)
		if trusted != "" {
			r.Trusted = append(r.Trusted, trusted)
		}
	}
	return r
}

// lineOf sums up a cohort, and says whose word its draw rests on.
func lineOf(room *waitingroom.Room) (Line, string) {
	cohort, counts := room.Cohort(), room.Counts(0)
	line := Line{
		Cohort: cohort.ID, Order: string(cohort.Order), Draw: "none",
		Tickets: counts.Tickets, Lobby: counts.Lobby, Claimed: counts.Claimed, Bookings: counts.Booked,
	}
	drawn, ok := room.Drawn()
	if !ok {
		return line, ""
	}
	if cohort.DrawMode == waitingroom.SecretDraw {
		line.Draw = "operator-trusted"
		return line, fmt.Sprintf("cohort %s: whoever knew the secret could try out tickets before the seal", cohort.ID)
	}
	line.Draw = "beacon"
	return line, fmt.Sprintf("cohort %s: that %s gave %x; look it up there", cohort.ID, cohort.Source, drawn.Value)
}
