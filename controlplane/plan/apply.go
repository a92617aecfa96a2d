package plan

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"unicode"
)

// aheadMS is how far an author's clock may be ahead of the leader's.
const aheadMS = 10_000

// Apply makes the plan after the command that the log holds at index. The
// answer is a Result, and the same for a request id that was answered before.
// An error means that this program cannot take the command in and must not go
// on: see [UnknownCommandError].
func Apply(p *Plan, index uint64, c Command) (*Plan, Result, error) {
	rule, known := rules[c.Kind]
	if !known {
		return nil, Result{}, &UnknownCommandError{Kind: c.Kind}
	}
	if c.StampMS == 0 {
		c.StampMS = c.TimeMS
	}
	base := *p
	base.Index, base.ClockMS = index, c.StampMS
	base.Commands++

	result, remembered := Result{}, false
	if c.RequestID != "" {
		result, remembered = p.window.answer(c.RequestID)
	}
	if !remembered {
		draft := draft{Plan: base, command: c, rules: rules}
		err := admit(p, rule, c)
		if err == nil {
			err = draft.alone(rule)
		}
		timely := err == nil
		if timely {
			err = draft.perform(rule)
		}
		var unable *UnknownCommandError
		if errors.As(err, &unable) {
			return nil, Result{}, unable
		}
		result = answer(index, err)
		if result.OK {
			base, result.Detail = draft.Plan, draft.detail
		}
		if c.Term > base.Cluster.Term {
			base.Cluster.Revision = Revision{Index: index}
			base.Cluster.Term, base.Cluster.Leader = c.Term, c.Actor
		}
		if timely && c.RequestID != "" {
			base.window = base.window.remember(&answered{ID: c.RequestID, TimeMS: c.TimeMS, StampMS: c.StampMS, Result: result})
		}
	}
	base.entry = entryOf(c, result)
	base.Chain = link(p.Chain, index, base.entry)
	return &base, result, nil
}

// Screen answers commands that need not enter the log because every node would
// refuse them, and those that must not: a command that some node of the
// cluster may not know would stop it.
func Screen(p *Plan, c Command) (Result, bool) {
	rule, known := rules[c.Kind]
	var err error
	switch {
	case !known:
		err = refuse(Malformed, "unknown command %q", c.Kind)
	case rule.since > p.Cluster.MinVersion:
		err = refuse(Gated, "%s needs version %d on every node, the cluster is at %d", c.Kind, rule.since, p.Cluster.MinVersion)
	case len(c.Body) > MaxBody || len(c.Reason) > maxText || len(c.Actor) > maxText || len(c.RequestID) > maxText:
		err = refuse(TooLarge, "the command is larger than any may be")
	case strings.ContainsFunc(c.Reason+c.Actor, unicode.IsControl):
		err = refuse(Malformed, "reason and actor are one line of text each")
	case c.Reason != "" && strings.TrimSpace(c.Reason) == "":
		err = refuse(ReasonMissing, "the reason is blank")
	case !json.Valid(c.Body):
		err = refuse(Malformed, "the body is not JSON")
	case commandsTerminals(c.Body):
		err = refuse(Malformed, "of control characters only ends of lines and tabs are taken")
	default:
		return Result{}, false
	}
	return answer(p.Index, err), true
}

// commandsTerminals tells whether any string in a body has control characters
// that do more than end lines and columns: they would be carried out by every
// terminal the text is shown on.
func commandsTerminals(body []byte) bool {
	if !bytes.ContainsAny(body, "\\\x7f") && bytes.IndexByte(body, 0xc2) < 0 {
		return false // nothing is escaped, and JSON lets no others stand by themselves
	}
	decoder := json.NewDecoder(bytes.NewReader(body))
	for {
		token, err := decoder.Token()
		if err != nil {
			return false // the end: the body is known to be JSON
		}
		text, ok := token.(string)
		if ok && strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' }) {
			return true
		}
	}
}

// maxText bounds the free text of a command, in bytes.
const maxText = 1 << 10

// admit refuses what is refused whatever its kind. Of these answers none is
// remembered: asking again later may be answered otherwise.
func admit(p *Plan, rule rule, c Command) error {
	switch {
	case rule.since > p.Cluster.MinVersion:
		return refuse(Gated, "%s needs version %d on every node", c.Kind, rule.since)
	case len(c.Body) > rule.maxBody():
		return refuse(TooLarge, "the body of %s has at most %d bytes", c.Kind, rule.maxBody())
	case c.TimeMS < c.StampMS-windowMS:
		return refuse(TooOld, "sent more than ten minutes ago")
	case c.RequestID != "" && c.TimeMS <= p.window.horizonMS:
		return refuse(TooOld, "answers to commands of that time are no longer remembered")
	case c.TimeMS > c.StampMS+aheadMS:
		return refuse(ClockAhead, "sent %d ms from now by its author's clock", c.TimeMS-c.StampMS)
	case rule.leader && c.Term == 0:
		return refuse(NotLeader, "%s is the leader's to give", c.Kind)
	case c.Term != 0 && c.Term < p.Cluster.Term:
		return refuse(StaleTerm, "given in term %d, a leader of term %d has spoken", c.Term, p.Cluster.Term)
	case rule.reasoned && c.Reason == "":
		return refuse(ReasonMissing, "%s needs a reason", c.Kind)
	}
	return nil
}

// refusal is an error that becomes a Result.
type refusal struct{ code, detail string }

func (r *refusal) Error() string { return r.code + ": " + r.detail }

func refuse(code, format string, args ...any) error {
	return &refusal{code: code, detail: fmt.Sprintf(format, args...)}
}

func answer(index uint64, err error) Result {
	if err == nil {
		return Result{OK: true, Index: index}
	}
	var r *refusal
	if !errors.As(err, &r) {
		r = &refusal{code: Malformed, detail: err.Error()}
	}
	return Result{Code: r.code, Detail: r.detail, Index: index}
}

// Entry is what the last command added to the chain, and with it to the audit:
// the JSON of itself and its result. A plan that was decoded has none.
func (p *Plan) Entry() []byte { return p.entry }

func entryOf(c Command, r Result) []byte {
	if c.StampMS == 0 {
		c.StampMS = c.TimeMS
	}
	entry, err := json.Marshal(struct {
		Command Command `json:"command"`
		Result  Result  `json:"result"`
	}{c, r})
	if err != nil {
		// Screen lets only valid JSON into the log; what else got there is
		// chained as a string.
		c.Body, _ = json.Marshal(string(c.Body))
		entry, _ = json.Marshal(struct {
			Command Command `json:"command"`
			Result  Result  `json:"result"`
		}{c, r})
	}
	return entry
}

// link is the next link of the chain over all commands and their results,
// which makes a later change of either visible: the SHA-256 of the link before,
// the index (8 bytes, big-endian) and the entry.
func link(before [sha256.Size]byte, index uint64, entry []byte) [sha256.Size]byte {
	data := binary.BigEndian.AppendUint64(before[:], index)
	return sha256.Sum256(append(data, entry...))
}

// draft is a plan in the making: nobody else sees it yet.
type draft struct {
	Plan
	command Command
	// rules are all there are, for commands that run others.
	rules map[Kind]rule
	// detail is what the result tells beyond that it is done.
	detail string
}

// now is the revision of what the command changes.
func (d *draft) now() Revision { return Revision{Index: d.Index} }

// unchanged refuses a person's command whose target changed after the plan the
// person looked at.
func (d *draft) unchanged(target Revision) error {
	if d.command.Seen != 0 && target.Index > d.command.Seen {
		return refuse(ChangedSince, "changed at index %d, after the index %d you looked at", target.Index, d.command.Seen)
	}
	return nil
}

// put and drop write to a copy of the section: the plan before keeps its own.
func put[V any](section *map[string]V, key string, v V) {
	*section = maps.Clone(*section)
	if *section == nil {
		*section = map[string]V{}
	}
	(*section)[key] = v
}

func drop[V any](section *map[string]V, key string) {
	*section = maps.Clone(*section)
	delete(*section, key)
}
