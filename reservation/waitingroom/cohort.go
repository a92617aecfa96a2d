package waitingroom

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"sunbeon/internal/drand"
)

// Order is the announced policy by which people are called.
type Order string

// The orders. In a draw, people of the lobby are ordered by lottery and those
// who come after the seal follow by arrival.
const (
	FirstCome Order = "first-come"
	Draw      Order = "draw"
)

// DrawMode says where the value that orders a lobby comes from.
type DrawMode string

// The draw modes: a secret committed to beforehand, or a public value named
// beforehand and drawn after the seal.
const (
	SecretDraw DrawMode = "secret"
	BeaconDraw DrawMode = "beacon"
)

// Cohort is what is announced about a line before anyone may join it.
type Cohort struct {
	ID       string   `json:"id"`
	Order    Order    `json:"order"`
	DrawMode DrawMode `json:"draw_mode,omitempty"`
	// Commitment is the hex SHA-256 of the secret of a [SecretDraw].
	Commitment string `json:"commitment,omitempty"`
	// Source names the public value of a [BeaconDraw]. That of a round of
	// drand, "drand:CHAIN/ROUND", is its signature, which can be checked.
	Source string `json:"source,omitempty"`
	// LobbyMS, SealMS, OpenMS and CloseMS are the announced timetable.
	LobbyMS int64 `json:"lobby_ms,omitempty"`
	SealMS  int64 `json:"seal_ms,omitempty"`
	OpenMS  int64 `json:"open_ms,omitempty"`
	CloseMS int64 `json:"close_ms,omitempty"`
	// Supply is how many people tonight's doses serve; 0 is unlimited.
	Supply int64 `json:"supply,omitempty"`
	// PassMS is how long a pass lives, in milliseconds of serving time.
	PassMS int64 `json:"pass_ms"`
}

func (c Cohort) validate() error {
	switch {
	case c.ID == "" || len(c.ID) > 64:
		return fmt.Errorf("%w: id %q is empty or longer than 64 bytes", ErrCohort, c.ID)
	case c.PassMS <= 0:
		return fmt.Errorf("%w %s: pass lifetime %d ms", ErrCohort, c.ID, c.PassMS)
	case c.Supply < 0:
		return fmt.Errorf("%w %s: supply %d", ErrCohort, c.ID, c.Supply)
	case c.Order == FirstCome:
		return nil
	case c.Order != Draw:
		return fmt.Errorf("%w %s: unknown order %q", ErrCohort, c.ID, c.Order)
	}
	switch c.DrawMode {
	case SecretDraw:
		if sum, err := hex.DecodeString(c.Commitment); err != nil || len(sum) != sha256.Size {
			return fmt.Errorf("%w %s: commitment %q is no hex SHA-256", ErrCohort, c.ID, c.Commitment)
		}
	case BeaconDraw:
		if c.Source == "" {
			return fmt.Errorf("%w %s: a beacon draw names no source", ErrCohort, c.ID)
		}
		if round, ok, err := c.round(); err != nil {
			return fmt.Errorf("%w %s: %w", ErrCohort, c.ID, err)
		} else if ok && round.TimeMS() <= c.SealMS {
			return fmt.Errorf("%w %s: its drand round is public at %d, before the seal at %d", ErrCohort, c.ID, round.TimeMS(), c.SealMS)
		}
	default:
		return fmt.Errorf("%w %s: unknown draw mode %q", ErrCohort, c.ID, c.DrawMode)
	}
	return nil
}

// round is the round of drand that a draw waits for; false where its source is
// another one, whose value nobody can check here.
func (c Cohort) round() (round drand.Round, ok bool, err error) {
	if c.DrawMode != BeaconDraw || !drand.IsSource(c.Source) {
		return drand.Round{}, false, nil
	}
	round, err = drand.Parse(c.Source)
	return round, err == nil, err
}

// mayBecome reports whether the announcement may still change to next. Once
// someone has a ticket, what orders them is fixed; the hour of the seal may
// be put off until the seal is made, for nobody is left out by that.
func (c Cohort) mayBecome(next Cohort, tickets int64, sealed bool) error {
	switch {
	case c.ID != "" && c.ID != next.ID:
		return fmt.Errorf("%w %s: cannot become %s", ErrCohort, c.ID, next.ID)
	case tickets == 0:
		return nil
	case c.Order != next.Order || c.DrawMode != next.DrawMode ||
		c.Commitment != next.Commitment || c.Source != next.Source:
		return fmt.Errorf("%w %s: the order cannot change once there are tickets", ErrCohort, c.ID)
	case sealed && c.SealMS != next.SealMS:
		return fmt.Errorf("%w %s: the seal cannot move once it is made", ErrCohort, c.ID)
	case next.SealMS < c.SealMS:
		return fmt.Errorf("%w %s: the seal cannot be brought forward once there are tickets", ErrCohort, c.ID)
	}
	return nil
}
