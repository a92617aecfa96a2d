package plan

import (
	"encoding/hex"
	"maps"

	"sunbeon/internal/drand"
)

// NameValue is the body of draw.value: the public value that a beacon draw is
// to be made from, as an official read it from the announced source. It counts
// once two officials have named the same, or at once where it proves itself, as
// the signature of a drand round does.
type NameValue struct {
	Cohort string `json:"cohort"`
	Value  string `json:"value"` // hex
}

// VoidPasses is the body of passes.void: passes issued in a cohort so far that
// were not used end. Their holders keep their turns and can claim again.
type VoidPasses struct {
	Cohort string `json:"cohort"`
}

const (
	maxValue     = 1024 // bytes of hex
	maxOfficials = 16
)

// nameValue takes no value before the seal: the set must be fixed when the
// value becomes known. An official who misread may name another until two
// agree.
func nameValue(d *draft, b NameValue) error {
	c, err := d.cohort(b.Cohort)
	if err != nil {
		return err
	}
	raw, err := hex.DecodeString(b.Value)
	switch {
	case d.command.Actor == "":
		return refuse(Malformed, "a value is named by somebody")
	case err != nil || len(raw) == 0 || len(b.Value) > maxValue:
		return refuse(Malformed, "a value is 1 to %d hex digits", maxValue)
	case c.Order != OrderDraw || c.DrawMode != DrawBeacon:
		return refuse(Conflict, "cohort %q is not drawn from a public value", c.ID)
	case c.Draw == nil:
		return refuse(NotDrawn, "the lobby is not sealed")
	case c.Draw.Secret != "" && c.Draw.Secret != b.Value:
		return refuse(Conflict, "two officials have named another value")
	case c.Draw.Secret != "":
		return nil
	case len(c.Draw.Named) >= maxOfficials && c.Draw.Named[d.command.Actor] == "":
		return refuse(TooLarge, "%d officials have named values", maxOfficials)
	}
	drawn := *c.Draw
	if drand.IsSource(c.Source) {
		round, err := drand.Parse(c.Source)
		if err == nil {
			err = round.Verify(raw)
		}
		if err != nil {
			return refuse(BadSecret, "%v", err)
		}
		drawn.Secret = b.Value
	}
	for _, value := range without(drawn.Named, d.command.Actor) {
		if value == b.Value {
			drawn.Secret = b.Value
		}
	}
	drawn.Named = without(drawn.Named, d.command.Actor)
	drawn.Named[d.command.Actor] = b.Value
	c.Draw = &drawn
	d.keep(c)
	return nil
}

// roundAfterSeal refuses a draw from a round of drand that is known before the
// lobby is sealed.
func roundAfterSeal(c Cohort) error {
	if c.DrawMode != DrawBeacon || !drand.IsSource(c.Source) || c.Draw != nil {
		return nil
	}
	round, err := drand.Parse(c.Source)
	if err != nil {
		return refuse(Malformed, "%v", err)
	}
	if round.TimeMS() <= c.SealMS {
		return refuse(Malformed, "drand round %d is public at %d, before the seal at %d", round.Number, round.TimeMS(), c.SealMS)
	}
	return nil
}

func without(named map[string]string, actor string) map[string]string {
	others := maps.Clone(named)
	if others == nil {
		others = map[string]string{}
	}
	delete(others, actor)
	return others
}

func voidPasses(d *draft, b VoidPasses) error {
	c, err := d.cohort(b.Cohort)
	if err != nil {
		return err
	}
	c.VoidMS = (d.ClockMS/1000 + 1) * 1000 // passes are dated by whole seconds
	d.keep(c)
	return nil
}
