package fairness

import (
	"crypto/ed25519"
	"errors"
	"fmt"

	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/record"
	"sunbeon/reservation/waitingroom/tree"
)

// ErrNoRecord: there is nothing to verify.
var ErrNoRecord = errors.New("there is no record")

// Config of a verification.
type Config struct {
	// Dir holds the segment files of the record.
	Dir string
	// Key is the log's public key as known from elsewhere; nil takes the one
	// the record names, which the report then says.
	Key ed25519.PublicKey
	// Evidence are signed checkpoints and receipts seen before, as files.
	Evidence []Evidence
	// Witnesses must each have signed one of the checkpoints.
	Witnesses []Witness
}

// Verify checks every claim that a record can prove. A violation is in the
// report, not an error; the error is for what could not be read at all, or
// wraps [ErrNoRecord] or [ErrEvidence].
func Verify(c Config) (*Report, error) {
	v := &verifier{config: c, hall: waitingroom.NewHall()}
	unfinished, err := record.Read(c.Dir, v.group)
	v.unfinished = unfinished
	switch {
	case err == nil:
		if err := v.finish(); err != nil {
			return nil, err
		}
	case errors.Is(err, errStop):
	case errors.Is(err, record.ErrCorrupt):
		_ = v.violate(Signed, v.records, err)
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

	groups     tree.Frontier
	records    uint64
	lastS      int64 // time of the latest group
	unfinished int64 // bytes
	violation  *Violation
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
		err := v.seen.Add(e.Content, v.key, v.config.Witnesses)
		var bad *BadCosignatureError
		var twice *TwoHeadsError
		switch {
		case err == nil:
		case errors.As(err, &twice):
			return v.violate(OnlyGrew, 0, fmt.Errorf("%s: %w", e.Name, err))
		case errors.As(err, &bad):
			return v.violate(Witnessed, 0, fmt.Errorf("%s: %w", e.Name, err))
		case e.Own:
			return v.violate(Signed, 0, fmt.Errorf("%s, which came with the record: %w", e.Name, err))
		default:
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
	if !v.key.Equal(g.Key) {
		return v.violate(Signed, g.First, fmt.Errorf("the record names the key %x, not %x", g.Key, v.key))
	}
	if err := g.Verify(v.key); err != nil {
		return v.violate(Signed, g.First, err)
	}
	if err := v.before(g.Number, g.Tree); err != nil {
		return err
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
	v.lastS = g.TimeS
	return nil
}

// before holds the first size groups against what was seen of them.
func (v *verifier) before(size uint64, root tree.Hash) error {
	if err := v.seen.atSize(size, root); err != nil {
		return v.violate(OnlyGrew, v.records, err)
	}
	for _, c := range v.seen.cosigned[size] {
		if c.TimeS > 0 && v.lastS > c.TimeS+waitingroom.AuditSlackS {
			return v.violate(Witnessed, v.records, fmt.Errorf("group %d is dated %d s after witness %s signed it",
				size-1, v.lastS-c.TimeS, c.Witness))
		}
	}
	return nil
}

// finish checks what can only be told at the end.
func (v *verifier) finish() error {
	switch {
	case v.key != nil:
	case len(v.config.Evidence) == 0:
		return fmt.Errorf("%w in %s", ErrNoRecord, v.config.Dir)
	default:
		_ = v.violate(OnlyGrew, 0, fmt.Errorf("the record is empty, and %s was seen of it", v.config.Evidence[0].Name))
		return nil
	}
	size := v.groups.Size()
	if v.before(size, v.groups.Root()) != nil {
		return nil
	}
	if size < v.seen.largest {
		_ = v.violate(OnlyGrew, v.records,
			fmt.Errorf("the log has %d groups, and %d were seen before", size, v.seen.largest))
		return nil
	}
	for _, w := range v.config.Witnesses {
		if _, _, ok := v.seen.attested(w.Name); !ok {
			_ = v.violate(Witnessed, v.records, fmt.Errorf("no checkpoint here is signed by witness %s", w.Name))
			return nil
		}
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
	case waitingroom.KindPhase:
		if r.Event.Phase == waitingroom.Lobby {
			return OnePlace
		}
		if r.Event.Phase == waitingroom.Open {
			return FairDraw
		}
	}
	return OnlyCall
}
