package plan

// Line is what one gate last reported about the line of one cohort.
type Line struct {
	Revision
	Cohort string `json:"cohort"`
	Gate   string `json:"gate"`
	// Issued is the highest turn that has been given out, or, before the draw,
	// the number of tickets.
	Issued int64 `json:"issued"`
	// HighWater is the highest serving number the gate has shown.
	HighWater int64 `json:"high_water"`
	Claimed   int64 `json:"claimed"`
	Booked    int64 `json:"booked"`
	// ClaimedLobby is how many of those who claimed waited in the lobby.
	ClaimedLobby int64 `json:"claimed_lobby,omitempty"`
	// Sessions is how many people hold a pass that is neither used nor expired.
	Sessions int64 `json:"sessions"`
	// Asking is how many people who have been called ask to go in and are told
	// to wait, because of the rate.
	Asking int64 `json:"asking,omitempty"`
	// ReportMS is the gate's own time of the report; SkewMS is how far the
	// leader's clock was ahead of it when the report came in.
	ReportMS int64 `json:"report_ms"`
	SkewMS   int64 `json:"skew_ms"`
}

// LineKey is the key of a gate's line in [Plan.Lines].
func LineKey(cohort, gate string) string { return cohort + "/" + gate }

// ReportLine is the body of line.report. The command's time is the gate's.
type ReportLine struct {
	Cohort    string `json:"cohort"`
	Gate      string `json:"gate"`
	Issued    int64  `json:"issued"`
	HighWater int64  `json:"high_water"`
	Claimed   int64  `json:"claimed"`
	Booked    int64  `json:"booked"`
	Sessions  int64  `json:"sessions"`

	ClaimedLobby int64 `json:"claimed_lobby,omitempty"`
	Asking       int64 `json:"asking,omitempty"`
}

// LineOf is a cohort's line over all gates: turns are numbered across them, so
// the highest counts, while people are counted where they are.
func (p *Plan) LineOf(cohort string) Line {
	sum := Line{Cohort: cohort}
	for _, l := range p.Lines {
		if l.Cohort != cohort {
			continue
		}
		sum.Index = max(sum.Index, l.Index)
		sum.Issued = max(sum.Issued, l.Issued)
		sum.HighWater = max(sum.HighWater, l.HighWater)
		sum.ReportMS = max(sum.ReportMS, l.ReportMS)
		sum.Claimed += l.Claimed
		sum.Booked += l.Booked
		sum.Sessions += l.Sessions
		sum.ClaimedLobby += l.ClaimedLobby
		sum.Asking += l.Asking
	}
	return sum
}

// maxLines bounds the section: some gates for every cohort.
const maxLines = 8 * maxCohorts

func reportLine(d *draft, b ReportLine) error {
	if b.Gate == "" || min(b.Issued, b.HighWater, b.Claimed, b.Booked, b.Sessions, b.ClaimedLobby, b.Asking) < 0 {
		return refuse(Malformed, "a report needs a gate and counts that are not negative")
	}
	if _, ok := d.Cohorts[b.Cohort]; !ok {
		return refuse(NotFound, "cohort %q", b.Cohort)
	}
	key := LineKey(b.Cohort, b.Gate)
	if _, known := d.Lines[key]; !known && len(d.Lines) >= maxLines {
		return refuse(TooLarge, "%d lines are reported", len(d.Lines))
	}
	put(&d.Lines, key, Line{
		Revision: d.now(), Cohort: b.Cohort, Gate: b.Gate,
		Issued:    b.Issued,
		HighWater: max(b.HighWater, d.Lines[key].HighWater),
		Claimed:   b.Claimed, Booked: b.Booked, Sessions: b.Sessions, ClaimedLobby: b.ClaimedLobby, Asking: b.Asking,
		ReportMS: d.command.TimeMS, SkewMS: d.ClockMS - d.command.TimeMS,
	})
	return nil
}
