package plan

import (
	"encoding/json"
	"fmt"
)

// Undo is how a person's change can be taken back: the command that restores
// what was there before it.
type Undo struct {
	Revision
	// At is the index of the change.
	At uint64 `json:"at"`
	// Did is the kind of the change, Actor who made it, Reason why.
	Did    Kind   `json:"did"`
	Actor  string `json:"actor"`
	Reason string `json:"reason,omitempty"`
	TimeMS int64  `json:"time_ms"`
	// Kind and Body are the command that takes it back.
	Kind Kind            `json:"kind"`
	Body json.RawMessage `json:"body"`
	// Undone names who took it back.
	Undone string `json:"undone,omitempty"`
}

// UndoChange is the body of change.undo: the index of the change to take back.
// It is refused where its target changed since, and needs a second person
// where it loosens.
type UndoChange struct {
	At uint64 `json:"at"`
}

// maxUndos is how many of the latest changes can be taken back.
const maxUndos = 64

// undoKey orders undos like their indexes.
func undoKey(at uint64) string { return fmt.Sprintf("%020d", at) }

// perform applies a command and keeps how to take it back.
func (d *draft) perform(r rule) error {
	before := d.Plan
	if err := r.apply(d); err != nil {
		return err
	}
	if r.inverse == nil || d.command.Term != 0 {
		return nil
	}
	kind, body := r.inverse(&before, d.command.Body)
	if kind == "" {
		return nil
	}
	encoded, err := json.Marshal(body)
	if err != nil {
		return fmt.Errorf("encode what undoes %s: %w", d.command.Kind, err)
	}
	if len(d.Undos) >= maxUndos {
		oldest := ""
		for key := range d.Undos {
			if oldest == "" || key < oldest {
				oldest = key
			}
		}
		drop(&d.Undos, oldest)
	}
	put(&d.Undos, undoKey(d.Index), Undo{
		Revision: d.now(), At: d.Index, Did: d.command.Kind, Actor: d.command.Actor, Reason: d.command.Reason,
		TimeMS: d.ClockMS, Kind: kind, Body: encoded,
	})
	return nil
}

func undoChange(d *draft, b UndoChange) error {
	u, err := d.undo(b)
	if err != nil {
		return err
	}
	asked := d.command
	d.command.Kind, d.command.Body, d.command.Seen = u.Kind, u.Body, u.At
	err = d.perform(d.rules[u.Kind])
	d.command = asked
	if err != nil {
		return err
	}
	u.Revision, u.Undone = d.now(), asked.Actor
	put(&d.Undos, undoKey(u.At), u)
	return nil
}

func (d *draft) undo(b UndoChange) (Undo, error) {
	u, ok := d.Undos[undoKey(b.At)]
	switch {
	case !ok:
		return u, refuse(NotFound, "no change at index %d that can be taken back", b.At)
	case u.Undone != "":
		return u, refuse(Conflict, "taken back already, by %s", u.Undone)
	}
	return u, nil
}

// undoLoosens asks the question of the command it would run.
func undoLoosens(d *draft, b UndoChange) bool {
	u, err := d.undo(b)
	if err != nil {
		return false
	}
	inner := d.rules[u.Kind]
	if inner.loosens == nil {
		return false
	}
	asked := d.command
	d.command.Kind, d.command.Body = u.Kind, u.Body
	defer func() { d.command = asked }()
	return inner.loosens(d)
}

// inverse decodes a command's body, which was applied to before, for the
// function that makes the command taking it back; an empty kind means none.
func inverse[B any](of func(before *Plan, b B) (Kind, any)) func(*Plan, json.RawMessage) (Kind, any) {
	return func(before *Plan, raw json.RawMessage) (Kind, any) {
		var b B
		if json.Unmarshal(raw, &b) != nil {
			return "", nil
		}
		return of(before, b)
	}
}

func unconfigure(before *Plan, _ ConfigureAdmission) (Kind, any) {
	a := before.Admission
	return AdmissionConfigure, ConfigureAdmission{
		RateMilli: &a.RateMilli, MinMilli: &a.MinMilli, MaxMilli: &a.MaxMilli,
		FloorMilli: &a.FloorMilli, TauMS: &a.TauMS, Mode: &a.Mode,
	}
}

func unsetReplicas(before *Plan, _ SetReplicas) (Kind, any) {
	r := before.Replicas
	return ReplicasSet, SetReplicas{Desired: &r.Desired, Min: &r.Min, Max: &r.Max, Mode: &r.Mode}
}

func unsetOverride(before *Plan, b SetOverride) (Kind, any) { return restoreOverride(before, b.Target) }

func unclearOverride(before *Plan, b ClearOverride) (Kind, any) {
	return restoreOverride(before, b.Target)
}

func restoreOverride(before *Plan, target string) (Kind, any) {
	if o, was := before.Overrides[target]; was {
		return OverrideSet, SetOverride{Target: target, Value: o.Value, UntilMS: o.UntilMS}
	}
	return OverrideClear, ClearOverride{Target: target}
}

func unsetFreeze(before *Plan, b SetFreeze) (Kind, any) { return restoreFreeze(before, b.Scope) }

func unreleaseFreeze(before *Plan, b ReleaseFreeze) (Kind, any) {
	return restoreFreeze(before, b.Scope)
}

func restoreFreeze(before *Plan, scope string) (Kind, any) {
	if f, was := before.Freezes[scope]; was {
		return FreezeSet, SetFreeze{Scope: scope, UntilMS: f.UntilMS}
	}
	return FreezeRelease, ReleaseFreeze{Scope: scope}
}

func unsetHold(before *Plan, b SetHold) (Kind, any) {
	if _, was := before.Holds[b.Scope]; was {
		return "", nil // it changed nothing
	}
	return HoldRelease, ReleaseHold(b)
}

func unreleaseHold(_ *Plan, b ReleaseHold) (Kind, any) { return HoldSet, SetHold(b) }

// unmovePhase takes an opening back by a pause: back in the lobby, the
// timetable would open the cohort again at once.
func unmovePhase(before *Plan, b MovePhase) (Kind, any) {
	switch was := before.Cohorts[b.Cohort].Phase; {
	case b.Phase == Open && was != Open:
		return CohortPhase, MovePhase{Cohort: b.Cohort, Phase: Paused}
	case b.Phase == Paused && was == Open:
		return CohortPhase, MovePhase{Cohort: b.Cohort, Phase: Open}
	}
	return "", nil
}
