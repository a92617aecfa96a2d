package rush

import (
	"encoding/json"
	"fmt"
	"os"

	"sunbeon/reservation/rush/audit"
)

// Report is what came of a rush, as its JSON file tells.
type Report struct {
	Cohort       string `json:"cohort"`
	People       int    `json:"people"`
	Arrived      int    `json:"arrived"`
	Tickets      int    `json:"tickets"`
	Passes       int    `json:"passes"`
	Acknowledged int    `json:"acknowledged"` // bookings acknowledged to clients

	// What the audit found; null where there was none, never zero.
	Audited     bool   `json:"audited"`
	NotAudited  string `json:"not_audited,omitempty"` // why there was no audit
	Bookings    *int   `json:"bookings"`              // people holding a live booking at the end
	Missing     *int   `json:"missing"`
	Overbooked  *int   `json:"overbooked"`
	Duplicates  *int   `json:"duplicates"`
	EarlyPasses *int   `json:"early_passes"`
	Lost        *int   `json:"lost"`
	Unsound     *int   `json:"unsound"`

	// How the people's evenings ended; with those under way they sum to people
	// who arrived. Refused and failed by code.
	Booked       int            `json:"booked"`
	Cancelled    int            `json:"cancelled"`
	GivenUp      int            `json:"given_up"`
	Refused      map[string]int `json:"refused"`
	Failed       int            `json:"failed"`
	FailedByCode map[string]int `json:"failed_by_code"`
	UnderWay     int            `json:"under_way"`

	// Held is how many people saw a 503; holds and errors count every request
	// to wait and every error seen, by code.
	Held   int            `json:"held"`
	Holds  map[string]int `json:"holds"`
	Errors map[string]int `json:"errors"`

	LatencyMS map[string]Latency `json:"latency_ms"`
	BySecond  Series             `json:"by_second"`
	DurationS float64            `json:"duration_s"`
	// BookingsPerS counts from the opening to the end of the run.
	BookingsPerS float64 `json:"bookings_per_s"`
}

// NewReport joins what the crowd experienced with what the audit found.
// Findings are nil if there was no audit, and then why says the reason.
func NewReport(l Load, f *audit.Findings, why error) Report {
	r := Report{
		Cohort: l.Cohort, People: l.People, Arrived: l.Arrived, Tickets: l.Tickets, Passes: l.Passes,
		Acknowledged: l.Bookings,
		Booked:       l.Booked, Cancelled: l.Canceled, GivenUp: l.GivenUp, Refused: l.RefusedBy,
		Failed: l.Failed, FailedByCode: l.FailedBy, UnderWay: l.UnderWay,
		Held: l.Held, Holds: l.Holds, Errors: l.Troubles,
		LatencyMS: l.Latency, BySecond: l.BySecond, DurationS: l.Duration.Seconds(),
	}
	if open := l.Open.Seconds(); open > 0 {
		r.BookingsPerS = float64(l.Bookings) / open
	}
	if why != nil {
		r.NotAudited = why.Error()
	}
	if f != nil {
		r.Audited = true
		r.Bookings, r.Acknowledged = &f.Bookings, f.Acknowledged
		r.Missing, r.Overbooked, r.Duplicates, r.EarlyPasses = &f.Missing, &f.Overbooked, &f.Duplicates, &f.EarlyPasses
		r.Lost, r.Unsound = &f.Lost, &f.Unsound
	}
	return r
}

// Write replaces the file at path as a whole, so that nobody reads half of it.
func (r Report) Write(path string) error {
	raw, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	next := path + ".new"
	if err := os.WriteFile(next, append(raw, '\n'), 0o644); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	if err := os.Rename(next, path); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	return nil
}
