package fairness

import (
	"fmt"
	"io"
	"time"
)

// Claim is one thing the public record proves.
type Claim string

// The claims a verifier checks.
const (
	Signed    Claim = "every commit group is whole and signed by the log's key"
	OnlyGrew  Claim = "the log only grew, also against what was seen before"
	OnePlace  Claim = "one place a person, numbered without gaps, and none before the lobby"
	FairDraw  Claim = "each lobby was sealed as announced, before its seed existed, and turns follow the draw"
	OnlyCall  Claim = "every pass went to a called turn, one at a time"
	OneBooked Claim = "every logged booking cites one pass, none twice"
	// Witnessed is checked where witnesses are named.
	Witnessed Claim = "each named witness signed this very log, none before it was written"
)

// claims in the order they are told.
var claims = []Claim{Signed, OnlyGrew, OnePlace, FairDraw, OnlyCall, OneBooked}

// notProvable is what no record can show; saying so is part of the proof.
var notProvable = []string{
	"that the persons behind the tags are real, or that one human has one tag",
	"that requests were acknowledged in time, or at all",
	"that the booking ledger holds no booking that was never logged",
	"that nobody whom no witness speaks for was shown another log",
	"that the gate's clock was right, where no witness's time speaks for it",
}

// Violation is the first place where the record does not keep its word.
type Violation struct {
	Claim Claim `json:"claim"`
	// Group and Position are where; they say how far the record was good.
	Group    uint64 `json:"group"`
	Position uint64 `json:"position"`
	Detail   string `json:"detail"`
}

// Line sums up one cohort as the record shows it.
type Line struct {
	Cohort   string `json:"cohort"`
	Order    string `json:"order"`
	Draw     string `json:"draw"`
	Tickets  int64  `json:"tickets"`
	Lobby    int64  `json:"lobby"`
	Claimed  int64  `json:"claimed"`
	Bookings int64  `json:"bookings"`
}

// Report is what a verification found.
type Report struct {
	OK        bool       `json:"ok"`
	Key       string     `json:"key"` // hex
	KeyGiven  bool       `json:"key_given"`
	Groups    uint64     `json:"groups"`
	Records   uint64     `json:"records"`
	Root      string     `json:"root"` // hex, over all groups
	Seen      int        `json:"seen"`
	Proved    []Claim    `json:"proved"`
	Violation *Violation `json:"violation,omitempty"`
	Lines     []Line     `json:"lines"`
	// Witnesses are the named ones that signed, and what.
	Witnesses []Attested `json:"witnesses,omitempty"`
	// Trusted lists what was taken on somebody's word; Remarks what breaks no
	// claim and should be known.
	Trusted     []string `json:"trusted"`
	Remarks     []string `json:"remarks,omitempty"`
	NotProvable []string `json:"not_provable"`
}

// Attested is how far a witness's word goes.
type Attested struct {
	Name string `json:"name"`
	// Groups of the record the witness's latest signature covers, and when it
	// was given, in Unix seconds; 0 where that is not said.
	Groups uint64 `json:"groups"`
	TimeS  int64  `json:"time_s"`
}

// Write tells the report to a person.
func (r *Report) Write(w io.Writer) error {
	p := &printer{w: w}
	p.line("%d groups, %d records, root %s", r.Groups, r.Records, r.Root)
	for _, l := range r.Lines {
		p.line("cohort %s: %s, draw: %s; %d tickets (%d in the lobby), %d claimed, %d bookings",
			l.Cohort, l.Order, l.Draw, l.Tickets, l.Lobby, l.Claimed, l.Bookings)
	}
	for _, c := range r.Proved {
		p.line("proved        %s", c)
	}
	if v := r.Violation; v != nil {
		p.line("VIOLATED      %s", v.Claim)
		p.line("              group %d, position %d: %s", v.Group, v.Position, v.Detail)
	}
	for _, w := range r.Witnesses {
		p.line("witnessed     %s signed the first %d of %d groups%s", w.Name, w.Groups, r.Groups, at(w.TimeS))
	}
	for _, remark := range r.Remarks {
		p.line("note          %s", remark)
	}
	for _, t := range r.Trusted {
		p.line("trusted       %s", t)
	}
	for _, n := range r.NotProvable {
		p.line("not provable  %s", n)
	}
	return p.err
}

func at(timeS int64) string {
	if timeS == 0 {
		return ""
	}
	return time.Unix(timeS, 0).UTC().Format(" at 2006-01-02 15:04:05 UTC")
}

// printer keeps the first error of many writes.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = fmt.Fprintf(p.w, format+"\n", args...)
	}
}
