package fairness

import (
	"encoding/hex"
	"fmt"

	"sunbeon/reservation/waitingroom"
)

// report sums up what was found so far.
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
		r.Proved = append(r.Proved, claims...)
	}
	if r.OK && len(v.config.Witnesses) > 0 {
		r.Proved = append(r.Proved, Witnessed)
	}
	if !r.KeyGiven {
		r.Trusted = append(r.Trusted, "the key the record itself names: compare it with the published one")
	}
	if v.seen.count == 0 && r.OK {
		r.Trusted = append(r.Trusted, "that nothing was cut off at the end: no checkpoint or receipt was given")
	}
	for _, w := range v.config.Witnesses {
		if size, timeS, ok := v.seen.attested(w.Name); ok {
			r.Witnesses = append(r.Witnesses, Attested{Name: w.Name, Groups: size, TimeS: timeS})
		}
	}
	if v.unfinished > 0 {
		r.Remarks = append(r.Remarks, fmt.Sprintf(
			"%d bytes at the end are of a group that was never finished, and no part of the record", v.unfinished))
	}
	for _, room := range v.hall.Rooms() {
		line, trusted := lineOf(room)
		r.Lines = append(r.Lines, line)
		r.Remarks = append(r.Remarks, room.Remarks()...)
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
