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
	// Sessions is how many people hold a pass that is neither used nor expired.
	Sessions int64 `json:"sessions"`
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
}

// RenewSegment is the body of segment.renew, a leader's command: the segment
// begins at the command's time. The plan clamps the rate to the bounds,
// overrides and holds in force; see [Plan.EffectiveRate].
type RenewSegment struct {
	Cohort string `json:"cohort"`
	// RateMilli is what steering wants for this cohort.
	RateMilli int64 `json:"rate_milli"`
}
