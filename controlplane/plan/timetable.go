package plan

import (
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"
)

// next lists the phases a cohort can move to. Going back to the lobby keeps
// every ticket and the order drawn.
var next = map[Phase][]Phase{
	Scheduled: {Lobby, Closed},
	Lobby:     {Sealed, Open, Closed},
	Sealed:    {Open, Lobby, Closed},
	Open:      {Paused, Lobby, Closed},
	Paused:    {Open, Lobby, Closed},
}

const (
	maxCohorts  = 256
	maxWeight   = 1_000
	maxIDLength = 64
)

// defineCohort accepts the same definition again, whatever has happened since,
// so that whoever sets up an evening can do so twice.
func defineCohort(d *draft, b DefineCohort) error {
	c := b.Cohort
	if c.Weight == 0 {
		c.Weight = 1
	}
	if err := validCohort(c); err != nil {
		return err
	}
	before, known := d.Cohorts[c.ID]
	if known && reflect.DeepEqual(definition(before), definition(c)) {
		return nil
	}
	switch {
	case known && before.Phase != Scheduled:
		return refuse(IllegalPhase, "cohort %q is %s", c.ID, before.Phase)
	case !known && !d.roomForCohort():
		return refuse(TooLarge, "%d cohorts are defined, and none of them is closed", maxCohorts)
	}
	if err := d.unchanged(before.Revision); err != nil {
		return err
	}
	// Whom the gates took for its people was tried by the definition before.
	if trial := trialKey(TrialPersons, c.ID); d.Trials[trial].Subject != "" {
		drop(&d.Trials, trial)
	}
	c = definition(c)
	c.Revision, c.Phase, c.DefinedBy = d.now(), Scheduled, d.command.Actor
	put(&d.Cohorts, c.ID, c)
	return nil
}

// roomForCohort forgets the cohort that was closed longest ago, with all that
// belongs to it, where there are too many. Its evening stays in the audit and in
// the gates' records.
func (d *draft) roomForCohort() bool {
	if len(d.Cohorts) < maxCohorts {
		return true
	}
	closed := maps.Clone(d.Cohorts)
	maps.DeleteFunc(closed, func(_ string, c Cohort) bool { return c.Phase != Closed })
	if len(closed) == 0 {
		return false
	}
	id := oldest(closed)
	drop(&d.Cohorts, id)
	drop(&d.Segments, id)
	drop(&d.Holds, id)
	drop(&d.Trials, trialKey(TrialPersons, id))
	left := maps.Clone(d.Lines)
	maps.DeleteFunc(left, func(_ string, l Line) bool { return l.Cohort == id })
	d.Lines = left
	return true
}

// definition is the part of a cohort that its author writes.
func definition(c Cohort) Cohort {
	c.Revision, c.Phase, c.DefinedBy, c.ApprovedBy, c.Draw, c.VoidMS, c.Note = Revision{}, "", "", nil, nil, 0, ""
	c.Accepted = nil
	return c
}

func validCohort(c Cohort) error {
	from, errFrom := time.Parse(time.DateOnly, c.BirthFrom)
	to, errTo := time.Parse(time.DateOnly, c.BirthTo)
	draw := c.Order == OrderDraw
	switch {
	case c.ID == "" || c.ID == All || len(c.ID) > maxIDLength || strings.ContainsAny(c.ID, "/ \n"):
		return refuse(Malformed, "cohort id %q", c.ID)
	case errFrom != nil || errTo != nil || to.Before(from):
		return refuse(Malformed, "days of birth from %q to %q", c.BirthFrom, c.BirthTo)
	case slices.ContainsFunc(c.LastDigits, func(n int) bool { return n < 0 || n > 9 }):
		return refuse(Malformed, "last digits %v", c.LastDigits)
	case !draw && c.Order != OrderFirstCome:
		return refuse(Malformed, "order %q", c.Order)
	case draw && c.DrawMode != DrawSecret && c.DrawMode != DrawBeacon:
		return refuse(Malformed, "draw mode %q", c.DrawMode)
	case draw && c.DrawMode == DrawSecret && !isHash(c.Commitment):
		return refuse(Malformed, "a draw from a secret needs the secret's commitment")
	case draw && c.DrawMode == DrawBeacon && c.Source == "":
		return refuse(Malformed, "a draw from a public value names its source")
	case c.LobbyMS <= 0 || c.OpenMS < c.LobbyMS || c.CloseMS <= c.OpenMS:
		return refuse(Malformed, "lobby at %d, opening at %d, closing at %d", c.LobbyMS, c.OpenMS, c.CloseMS)
	case (draw || c.SealMS != 0) && (c.SealMS < c.LobbyMS || c.SealMS > c.OpenMS):
		return refuse(Malformed, "seal at %d, not between lobby and opening", c.SealMS)
	case c.Weight < 1 || c.Weight > maxWeight:
		return refuse(Malformed, "weight %d", c.Weight)
	case c.Supply < 0:
		return refuse(Malformed, "supply %d", c.Supply)
	}
	return roundAfterSeal(c)
}

// cohort finds the target of a command.
func (d *draft) cohort(id string) (Cohort, error) {
	c, ok := d.Cohorts[id]
	if !ok {
		return Cohort{}, refuse(NotFound, "cohort %q", id)
	}
	return c, d.unchanged(c.Revision)
}

func (d *draft) keep(c Cohort) {
	c.Revision = d.now()
	put(&d.Cohorts, c.ID, c)
}

// upcoming reports whether a cohort has not opened yet.
func (c Cohort) upcoming() bool {
	return c.Phase == Scheduled || c.Phase == Lobby || c.Phase == Sealed
}

func approveCohort(d *draft, b ApproveCohort) error {
	c, err := d.cohort(b.Cohort)
	switch {
	case err != nil:
		return err
	case d.command.Actor == "":
		return refuse(Malformed, "an approval names who approves")
	case slices.Contains(c.ApprovedBy, d.command.Actor):
		return nil
	case !c.upcoming():
		return refuse(IllegalPhase, "cohort %q is %s", c.ID, c.Phase)
	case c.DefinedBy == d.command.Actor && d.Paired(d.ClockMS):
		return refuse(SamePerson, "%s defined the cohort: another person approves", c.DefinedBy)
	}
	if c, err = d.accept(c, b.Accept); err != nil {
		return err
	}
	c.ApprovedBy = append(slices.Clone(c.ApprovedBy), d.command.Actor)
	d.keep(c)
	return nil
}

// Openable tells why a cohort may not open, or nothing when it may: the
// opening was approved beforehand, and a lobby that is to be drawn was.
func (c Cohort) Openable() (code, detail string) {
	switch {
	case len(c.ApprovedBy) == 0:
		return NotApproved, "nobody has approved the opening"
	case c.Order == OrderDraw && c.Phase == Lobby:
		return NotDrawn, "the lobby is not sealed"
	case c.Order == OrderDraw && !c.Drawn():
		return NotDrawn, "the order is not drawn"
	}
	return "", ""
}

// Drawn reports whether the cohort's draw is complete.
func (c Cohort) Drawn() bool { return c.Draw != nil && c.Draw.Seed != "" }

func movePhase(d *draft, b MovePhase) error {
	c, err := d.cohort(b.Cohort)
	switch {
	case err != nil:
		return err
	case c.Phase == b.Phase:
		return nil
	case !slices.Contains(next[c.Phase], b.Phase):
		return refuse(IllegalPhase, "a cohort that is %s does not become %q", c.Phase, b.Phase)
	}
	if b.Phase == Open {
		if code, detail := c.Openable(); code != "" {
			return refuse(code, "cohort %q: %s", c.ID, detail)
		}
		if c, err = d.accept(c, b.Accept); err != nil {
			return err
		}
	}
	if b.Phase == Lobby && !c.upcoming() {
		if b.OpenMS <= d.ClockMS {
			return refuse(OutOfBounds, "a return to the lobby names a new hour that is still to come")
		}
		c.CloseMS += b.OpenMS - c.OpenMS
		c.OpenMS = b.OpenMS
	}
	if d.Cohorts[c.ID].Phase == Open {
		d.stop(c)
	}
	c.Phase = b.Phase
	if d.command.Term == 0 { // the leader goes by the timetable, which is no news to the public
		c.Note = d.command.Reason
	}
	d.keep(c)
	return nil
}

func postponeCohort(d *draft, b PostponeCohort) error {
	c, err := d.cohort(b.Cohort)
	switch {
	case err != nil:
		return err
	case !c.upcoming():
		return refuse(IllegalPhase, "cohort %q is %s", c.ID, c.Phase)
	case b.OpenMS <= c.OpenMS:
		return refuse(OutOfBounds, "a new opening at %d is not later than %d", b.OpenMS, c.OpenMS)
	}
	later := b.OpenMS - c.OpenMS
	c.OpenMS += later
	c.CloseMS += later
	if c.SealMS != 0 && c.Phase != Sealed {
		c.SealMS += later
	}
	if err := roundAfterSeal(c); err != nil {
		return err
	}
	c.Note = d.command.Reason
	d.keep(c)
	return nil
}

func sealDraw(d *draft, b SealDraw) error {
	c, err := d.cohort(b.Cohort)
	switch {
	case err != nil:
		return err
	case c.Order != OrderDraw:
		return refuse(Conflict, "cohort %q is not drawn", c.ID)
	case b.Count < 0 || !isHash(b.Root):
		return refuse(Malformed, "a seal needs a count and a root of 32 bytes")
	case c.Draw != nil && (c.Draw.Count != b.Count || c.Draw.Root != b.Root):
		return refuse(Conflict, "another set of %d tickets is sealed already", c.Draw.Count)
	case c.Draw != nil:
		return nil
	case c.Phase != Sealed:
		return refuse(IllegalPhase, "cohort %q is %s", c.ID, c.Phase)
	}
	c.Draw = &Draw{Count: b.Count, Root: b.Root}
	d.keep(c)
	return nil
}

func revealDraw(d *draft, b RevealDraw) error {
	c, err := d.cohort(b.Cohort)
	switch {
	case err != nil:
		return err
	case c.Draw == nil:
		return refuse(NotDrawn, "the lobby is not sealed")
	case !isHash(b.Seed):
		return refuse(Malformed, "a seed has 32 bytes")
	case c.Drawn() && (c.Draw.Seed != b.Seed || c.Draw.Secret != b.Secret):
		return refuse(Conflict, "another seed is known already")
	case c.Drawn():
		return nil
	}
	if c.DrawMode == DrawSecret {
		secret, err := hex.DecodeString(b.Secret)
		if err != nil {
			return refuse(Malformed, "the secret is not hex")
		}
		sum := sha256.Sum256(secret)
		if hex.EncodeToString(sum[:]) != strings.ToLower(c.Commitment) {
			return refuse(BadSecret, "the secret does not match the commitment")
		}
	}
	if c.DrawMode == DrawBeacon && c.Draw.Secret != b.Secret {
		return refuse(BadSecret, "this is not the public value that two officials have named")
	}
	drawn := *c.Draw
	drawn.Secret, drawn.Seed = b.Secret, b.Seed
	c.Draw = &drawn
	d.keep(c)
	return nil
}

// isHash reports whether s is the hex of 32 bytes.
func isHash(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == sha256.Size
}
