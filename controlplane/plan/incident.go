package plan

import (
	"fmt"
	"maps"
	"slices"
)

// Incident is what the people who handle one share, so that another machine
// and another person can carry on where these left off.
type Incident struct {
	Revision
	ID       string `json:"id"`
	Title    string `json:"title"`
	Severity int    `json:"severity"` // 1 is the worst of 4
	OpenedBy string `json:"opened_by"`
	OpenedMS int64  `json:"opened_ms"`
	// ClosedMS is 0 while the incident is open.
	ClosedMS int64 `json:"closed_ms,omitempty"`
	// Roles name who does what: "commander", "communications", "scribe".
	Roles map[string]string `json:"roles,omitempty"`
	// Drafts are messages not sent yet, by channel.
	Drafts map[string]string `json:"drafts,omitempty"`
	// Runbooks are the pages in use and the step each is at.
	Runbooks map[string]int `json:"runbooks,omitempty"`
	Notes    []Note         `json:"notes,omitempty"`
}

// ActiveIncident tells whether any incident is open, whatever its severity.
func (p *Plan) ActiveIncident() bool {
	for _, i := range p.Incidents {
		if i.ClosedMS == 0 {
			return true
		}
	}
	return false
}

// Note is one line of an incident's history, or of a handover.
type Note struct {
	TimeMS int64  `json:"time_ms"`
	Actor  string `json:"actor"`
	Text   string `json:"text"`
}

// OpenIncident is the body of incident.open. The id is in the detail of the
// result.
type OpenIncident struct {
	Title    string `json:"title"`
	Severity int    `json:"severity"`
}

// UpdateIncident is the body of incident.update; what is left out stays. An
// empty name or text, or a negative step, takes an entry away.
type UpdateIncident struct {
	ID       string            `json:"id"`
	Title    string            `json:"title,omitempty"`
	Severity int               `json:"severity,omitempty"`
	Roles    map[string]string `json:"roles,omitempty"`
	Drafts   map[string]string `json:"drafts,omitempty"`
	Runbooks map[string]int    `json:"runbooks,omitempty"`
	Note     string            `json:"note,omitempty"`
	Close    bool              `json:"close,omitempty"`
}

// Bounds of an incident; the oldest notes go first.
const (
	maxIncidents = 64
	maxNotes     = 64
	maxEntries   = 16
	maxNote      = 500
	maxDraft     = 4 << 10
)

func openIncident(d *draft, b OpenIncident) error {
	if b.Title == "" || len(b.Title) > maxNote || b.Severity < 1 || b.Severity > 4 {
		return refuse(Malformed, "an incident needs a title and a severity from 1 to 4")
	}
	if len(d.Incidents) >= maxIncidents {
		oldest, found := Incident{}, false
		for _, i := range d.Incidents {
			if i.ClosedMS != 0 && (!found || i.Index < oldest.Index) {
				oldest, found = i, true
			}
		}
		if !found {
			return refuse(TooLarge, "%d incidents are open", maxIncidents)
		}
		drop(&d.Incidents, oldest.ID)
	}
	id := fmt.Sprintf("i%d", d.Index)
	put(&d.Incidents, id, Incident{
		Revision: d.now(), ID: id, Title: b.Title, Severity: b.Severity,
		OpenedBy: d.command.Actor, OpenedMS: d.ClockMS,
	})
	d.detail = id
	return nil
}

func updateIncident(d *draft, b UpdateIncident) error {
	i, ok := d.Incidents[b.ID]
	if !ok {
		return refuse(NotFound, "incident %q", b.ID)
	}
	if err := d.unchanged(i.Revision); err != nil {
		return err
	}
	switch {
	case i.ClosedMS != 0:
		return refuse(Conflict, "incident %s is closed", i.ID)
	case len(b.Title) > maxNote || len(b.Note) > maxNote:
		return refuse(TooLarge, "a title or note has at most %d bytes", maxNote)
	case b.Severity < 0 || b.Severity > 4:
		return refuse(Malformed, "severity %d", b.Severity)
	}
	if b.Title != "" {
		i.Title = b.Title
	}
	if b.Severity != 0 {
		i.Severity = b.Severity
	}
	gone := func(s string) bool { return s == "" }
	i.Roles = merged(i.Roles, b.Roles, gone)
	i.Drafts = merged(i.Drafts, b.Drafts, gone)
	i.Runbooks = merged(i.Runbooks, b.Runbooks, func(step int) bool { return step < 0 })
	if err := i.fits(); err != nil {
		return err
	}
	if b.Note != "" {
		i.Notes = append(slices.Clone(i.Notes), Note{d.ClockMS, d.command.Actor, b.Note})
		i.Notes = i.Notes[max(0, len(i.Notes)-maxNotes):]
	}
	if b.Close {
		i.ClosedMS = d.ClockMS
	}
	i.Revision = d.now()
	put(&d.Incidents, i.ID, i)
	return nil
}

// merged is a map with entries set or, where they are gone, taken away.
func merged[V any](into, from map[string]V, gone func(V) bool) map[string]V {
	if len(from) == 0 {
		return into
	}
	out := maps.Clone(into)
	if out == nil {
		out = map[string]V{}
	}
	for k, v := range from {
		if gone(v) {
			delete(out, k)
		} else {
			out[k] = v
		}
	}
	return out
}

func (i Incident) fits() error {
	if max(len(i.Roles), len(i.Drafts), len(i.Runbooks)) > maxEntries {
		return refuse(TooLarge, "an incident has at most %d roles, drafts or runbooks", maxEntries)
	}
	for channel, text := range i.Drafts {
		if len(channel) > maxIDLength || len(text) > maxDraft {
			return refuse(TooLarge, "a channel has at most %d bytes, its draft %d", maxIDLength, maxDraft)
		}
	}
	for role, name := range i.Roles {
		if len(role) > maxIDLength || len(name) > maxNote {
			return refuse(TooLarge, "a role has at most %d bytes, a name %d", maxIDLength, maxNote)
		}
	}
	for page := range i.Runbooks {
		if len(page) > maxIDLength {
			return refuse(TooLarge, "a page's name has at most %d bytes", maxIDLength)
		}
	}
	return nil
}

// ShiftNote is what those who leave tell those who come.
type ShiftNote struct {
	Revision
	Note
}

// LeaveNote is the body of handover.note.
type LeaveNote struct {
	Text string `json:"text"`
}

// maxHandovers is how many notes are kept; the oldest go first.
const maxHandovers = 32

func leaveNote(d *draft, b LeaveNote) error {
	if b.Text == "" || len(b.Text) > maxDraft {
		return refuse(Malformed, "a note has between 1 and %d bytes", maxDraft)
	}
	if len(d.Handovers) >= maxHandovers {
		drop(&d.Handovers, slices.Min(slices.Collect(maps.Keys(d.Handovers))))
	}
	put(&d.Handovers, undoKey(d.Index), ShiftNote{
		Revision: d.now(), Note: Note{d.ClockMS, d.command.Actor, b.Text},
	})
	return nil
}
