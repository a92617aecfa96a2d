package waitingroom

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Seal is a lobby fixed for its draw.
type Seal struct {
	// Count is how many tickets are in it: those numbered 1…Count.
	Count int64
	// Root is the RFC 6962 root over their encoded records, in order.
	Root     [32]byte
	Position uint64
}

// Drawn is a lobby put in order: see [Turn].
type Drawn struct {
	Count int64
	Root  [32]byte
	// Value is the revealed secret, or the public value.
	Value    []byte
	Seed     [32]byte
	Position uint64
}

// Seal fixes the lobby of a draw; later tickets come after it, by arrival. A
// sealed lobby stays sealed and is returned as it is. The error wraps
// [ErrDraw].
func (r *Room) Seal(nowMS int64) (Seal, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.seal != nil:
		return *r.seal, nil
	case r.cohort.Order != Draw:
		return Seal{}, fmt.Errorf("%w: %s is ordered by arrival", ErrDraw, r.cohort.ID)
	case r.phase != Lobby && r.phase != Sealed:
		return Seal{}, fmt.Errorf("%w: cannot seal %s while it is %s", ErrDraw, r.cohort.ID, r.phase)
	case nowMS < r.cohort.SealMS:
		return Seal{}, fmt.Errorf("%w: %s is announced to be sealed at %d, it is %d",
			ErrDraw, r.cohort.ID, r.cohort.SealMS, nowMS)
	}
	if err := r.sealable(nowMS); err != nil {
		return Seal{}, fmt.Errorf("%w: %w", ErrDraw, err)
	}
	root := HexDigest(r.lobby.Root())
	r.commitEvent(KindSeal, Event{TimeMS: nowMS, Count: r.line.len(), Root: &root})
	return *r.seal, nil
}

// sealable refuses to fix a lobby whose order can be known already.
func (r *Room) sealable(nowMS int64) error {
	round, ok, err := r.cohort.round()
	if ok && nowMS >= round.TimeMS() {
		return fmt.Errorf("%s is sealed at %d, but drand round %d is public since %d",
			r.cohort.ID, nowMS, round.Number, round.TimeMS())
	}
	return err
}

func (r *Room) applySeal(position uint64, event *Event) error {
	switch {
	case r.seal != nil:
		return fmt.Errorf("%w: second seal", ErrRecord)
	case r.cohort.Order != Draw:
		return fmt.Errorf("%w: seal of a line ordered by arrival", ErrRecord)
	case event.Root == nil || event.Count != r.line.len() || [32]byte(*event.Root) != r.lobby.Root():
		return fmt.Errorf("%w: seal of %d tickets does not match the %d before it",
			ErrRecord, event.Count, r.line.len())
	}
	r.seal = &Seal{Count: event.Count, Root: *event.Root, Position: position}
	return nil
}

// Draw orders the sealed lobby by value: the committed secret, or the public
// value named beforehand. A draw is made once; the same value again returns
// it. The error wraps [ErrDraw].
func (r *Room) Draw(value []byte, nowMS int64) (Drawn, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.drawn != nil {
		if string(r.drawn.Value) != string(value) {
			return Drawn{}, fmt.Errorf("%w: %s was drawn with another value", ErrDraw, r.cohort.ID)
		}
		return *r.drawn, nil
	}
	seed, err := r.seedFor(value)
	if err != nil {
		return Drawn{}, fmt.Errorf("%w: %w", ErrDraw, err)
	}
	digest := HexDigest(seed)
	r.commitEvent(KindDraw, Event{TimeMS: nowMS, Value: value, Seed: &digest})
	return *r.drawn, nil
}

// Drawn returns the draw, and false before it is made.
func (r *Room) Drawn() (Drawn, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.drawn == nil {
		return Drawn{}, false
	}
	return *r.drawn, true
}

func (r *Room) seedFor(value []byte) ([32]byte, error) {
	if r.seal == nil {
		return [32]byte{}, fmt.Errorf("the lobby of %s is not sealed", r.cohort.ID)
	}
	if r.cohort.DrawMode == SecretDraw {
		sum := sha256.Sum256(value)
		if hex.EncodeToString(sum[:]) != r.cohort.Commitment {
			return [32]byte{}, fmt.Errorf("the secret of %s is not the committed one", r.cohort.ID)
		}
	}
	round, ok, err := r.cohort.round()
	switch {
	case err != nil:
		return [32]byte{}, err
	case ok:
		if err := round.Verify(value); err != nil {
			return [32]byte{}, fmt.Errorf("the value for %s: %w", r.cohort.ID, err)
		}
	case len(value) == 0:
		return [32]byte{}, fmt.Errorf("no value for %s", r.cohort.ID)
	}
	return Seed(value, r.cohort.ID, r.seal.Root, r.seal.Count)
}

func (r *Room) applyDraw(position uint64, event *Event) error {
	if r.drawn != nil {
		return fmt.Errorf("%w: second draw", ErrRecord)
	}
	seed, err := r.seedFor(event.Value)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRecord, err)
	}
	if event.Seed == nil || [32]byte(*event.Seed) != seed {
		return fmt.Errorf("%w: seed does not follow from the value", ErrRecord)
	}
	r.drawn = &Drawn{
		Count: r.seal.Count, Root: r.seal.Root,
		Value: event.Value, Seed: seed, Position: position,
	}
	return nil
}

// seqOf returns who has a turn; false where nobody has yet.
func (r *Room) seqOf(turn int64) (uint32, bool) {
	switch {
	case turn < 1 || turn > r.line.len():
		return 0, false
	case r.cohort.Order == FirstCome:
		return uint32(turn), true
	case r.seal != nil && turn > r.seal.Count:
		return uint32(turn), true
	case r.drawn == nil:
		return 0, false
	}
	return uint32(Seq(r.drawn.Seed, r.drawn.Count, turn)), true
}
