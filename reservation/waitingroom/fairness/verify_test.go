package fairness_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sunbeon/reservation/waitingroom"
	"sunbeon/reservation/waitingroom/fairness"
)

func verify(t *testing.T, dir string, evidence ...fairness.Evidence) *fairness.Report {
	t.Helper()
	report, err := fairness.Verify(fairness.Config{Dir: dir, Key: public, Evidence: evidence})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func evidenceOf(t *testing.T, e *evening) []fairness.Evidence {
	t.Helper()
	signed, err := e.checkpoint().Sign(key)
	e.check(err)
	receipt, err := e.log.Receipt(7)
	e.check(err)
	ticket, err := json.Marshal(map[string]any{"seq": 6, "receipt": receipt})
	e.check(err)
	return []fairness.Evidence{{Name: "checkpoint", Content: signed}, {Name: "ticket.json", Content: ticket}}
}

func TestHonestEveningIsProved(t *testing.T) {
	e := newEvening(t)
	report := verify(t, e.dir, evidenceOf(t, e)...)
	if !report.OK || report.Violation != nil || len(report.Proved) != 6 || report.Seen != 2 {
		t.Fatalf("report %+v, violation %+v", report, report.Violation)
	}
	line := report.Lines[0]
	if line.Draw != "operator-trusted" || line.Lobby != lobby || line.Claimed < 10 || line.Bookings < 5 {
		t.Errorf("line %+v", line)
	}
	var text bytes.Buffer
	e.check(report.Write(&text))
	if !strings.Contains(text.String(), "not provable") || strings.Contains(text.String(), "VIOLATED") {
		t.Errorf("told as\n%s", text.String())
	}
}

// at returns the index of the nth entry of a kind.
func at(t *testing.T, list []entry, kind waitingroom.Kind, nth int) int {
	t.Helper()
	for i, e := range list {
		if e.Kind == kind {
			if nth == 0 {
				return i
			}
			nth--
		}
	}
	t.Fatalf("no record %d of kind %d", nth, kind)
	return 0
}

// The operator holds the key and signs whatever they like. Each trick must
// fail by the claim it breaks, without anything seen before.
func TestOperatorCannotCheat(t *testing.T) {
	honest := entries(t, newEvening(t).dir)
	const ticket, seal, claim = waitingroom.KindTicket, waitingroom.KindSeal, waitingroom.KindClaim
	for name, trick := range map[string]struct {
		claim fairness.Claim
		play  func(list []entry) []entry
	}{
		"drops a lobby ticket": {fairness.OnePlace, func(l []entry) []entry {
			i := at(t, l, ticket, 5)
			return slices.Delete(l, i, i+1)
		}},
		"drops one and closes the gap": {fairness.FairDraw, func(l []entry) []entry {
			i := at(t, l, ticket, 5)
			l = slices.Delete(l, i, i+1)
			for ; l[i].Kind == ticket; i++ {
				l[i].Seq--
			}
			return l
		}},
		"reorders lobby tickets": {fairness.FairDraw, func(l []entry) []entry {
			i, j := at(t, l, ticket, 3), at(t, l, ticket, 30)
			l[i].Tag, l[j].Tag = l[j].Tag, l[i].Tag
			return l
		}},
		"inserts a friend after the seal": {fairness.FairDraw, func(l []entry) []entry {
			i := at(t, l, ticket, lobby-1)
			friend := l[i]
			friend.Seq, friend.Tag = lobby+1, waitingroom.Tag{99}
			return slices.Insert(l, i+1, friend)
		}},
		"stuffs a ticket in before the lobby": {fairness.OnePlace, func(l []entry) []entry {
			first, phase := at(t, l, ticket, 0), at(t, l, waitingroom.KindPhase, 0)
			l[first], l[phase] = l[phase], l[first]
			return l
		}},
		"gives a person a second place": {fairness.OnePlace, func(l []entry) []entry {
			l[at(t, l, ticket, 9)].Tag = l[at(t, l, ticket, 2)].Tag
			return l
		}},
		"moves the seal": {fairness.FairDraw, func(l []entry) []entry {
			event := *l[at(t, l, seal, 0)].Event
			event.TimeMS -= 20_000
			i := at(t, l, seal, 0)
			l[i].Event, l[i].timeS = &event, l[i].timeS-20
			return l
		}},
		"announces another secret in mid-lobby": {fairness.FairDraw, func(l []entry) []entry {
			other := *l[0].Event.Cohort
			other.Commitment = strings.Repeat("ab", 32)
			change := l[at(t, l, ticket, 10)]
			change.Kind, change.Event = waitingroom.KindCohort, &waitingroom.Event{TimeMS: change.timeS * 1000, Cohort: &other}
			return slices.Insert(l, at(t, l, ticket, 10), change)
		}},
		"draws another seed": {fairness.FairDraw, func(l []entry) []entry {
			i := at(t, l, waitingroom.KindDraw, 0)
			event := *l[i].Event
			event.Seed = &waitingroom.HexDigest{1}
			l[i].Event = &event
			return l
		}},
		"calls early": {fairness.OnlyCall, func(l []entry) []entry {
			i := at(t, l, claim, 0)
			drawn := l[at(t, l, waitingroom.KindDraw, 0)].Event.Seed
			l[i].Seq = uint32(waitingroom.Seq(*drawn, lobby, lobby)) // the very last turn
			return l[:i+1]
		}},
		"backdates a segment": {fairness.OnlyCall, func(l []entry) []entry {
			i := at(t, l, waitingroom.KindSegment, 0)
			event, s := *l[i].Event, *l[i].Event.Segment
			s.T0 -= 8_000
			event.Segment = &s
			l[i].Event = &event
			return l
		}},
		"jumps ahead with a new segment": {fairness.OnlyCall, func(l []entry) []entry {
			i := at(t, l, waitingroom.KindSegment, 2)
			event, s := *l[i].Event, *l[i].Event.Segment
			s.Start += 9
			event.Segment = &s
			l[i].Event = &event
			return l
		}},
		"calls beyond the tail": {fairness.OnlyCall, func(l []entry) []entry {
			i := at(t, l, waitingroom.KindSegment, 1)
			event, s := *l[i].Event, *l[i].Event.Segment
			s.Cap += 1000
			event.Segment = &s
			l[i].Event = &event
			return l
		}},
		"issues two passes": {fairness.OnlyCall, func(l []entry) []entry {
			i := at(t, l, claim, 1)
			again := l[i]
			again.Pass[9] = 9
			return slices.Insert(l, i+1, again)
		}},
		"books twice with one pass": {fairness.OneBooked, func(l []entry) []entry {
			i := at(t, l, waitingroom.KindBooked, 0)
			return slices.Insert(l, i+1, l[i])
		}},
		"replaces the secret and its commitment": {fairness.OnlyCall, func(l []entry) []entry {
			other := []byte("another secret, found afterwards")
			sum := sha256.Sum256(other)
			c := *l[0].Event.Cohort
			c.Commitment = hex.EncodeToString(sum[:])
			l[0].Event = &waitingroom.Event{TimeMS: l[0].Event.TimeMS, Cohort: &c}
			i, sealed := at(t, l, waitingroom.KindDraw, 0), l[at(t, l, seal, 0)].Event
			drawn, err := waitingroom.Seed(other, c.ID, [32]byte(*sealed.Root), sealed.Count)
			if err != nil {
				t.Fatal(err)
			}
			l[i].Event = &waitingroom.Event{TimeMS: l[i].Event.TimeMS, Value: other, Seed: (*waitingroom.HexDigest)(&drawn)}
			return l
		}},
		"seals before the last ticket": {fairness.FairDraw, func(l []entry) []entry {
			i, j := at(t, l, ticket, lobby-1), at(t, l, seal, 0)
			l[i], l[j] = l[j], l[i]
			return l
		}},
		"claims before the first segment": {fairness.OnlyCall, func(l []entry) []entry {
			first, i := at(t, l, waitingroom.KindSegment, 0), at(t, l, claim, 0)
			early := l[i]
			early.timeS, early.At = l[first].timeS, l[first].timeS
			return slices.Insert(slices.Delete(l, i, i+1), first, early)
		}},
		"books without a pass": {fairness.OneBooked, func(l []entry) []entry {
			l[at(t, l, waitingroom.KindBooked, 1)].Pass[9] ^= 1
			return l
		}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := forge(t, trick.play(slices.Clone(honest)))
			report := verify(t, dir)
			if report.OK || report.Violation == nil || report.Violation.Claim != trick.claim {
				t.Errorf("violation %+v, want one of %q", report.Violation, trick.claim)
			}
		})
	}
}

// A whole other history, each record in order, is caught by what one person
// kept: their receipt, or a checkpoint.
func TestRewrittenHistoryIsCaughtByWhatWasSeen(t *testing.T) {
	e := newEvening(t)
	list := entries(t, e.dir)
	other := slices.Clone(list[:at(t, list, waitingroom.KindSeal, 0)])
	i := at(t, other, waitingroom.KindTicket, 5) // the one a receipt was kept of
	other[i].Tag = waitingroom.Tag{77}
	dir := forge(t, other)
	if report := verify(t, dir); !report.OK {
		t.Fatalf("without evidence: %+v", report.Violation)
	}
	for _, evidence := range evidenceOf(t, e) {
		report := verify(t, dir, evidence)
		if report.OK || report.Violation.Claim != fairness.OnlyGrew {
			t.Errorf("%s: %+v", evidence.Name, report.Violation)
		}
	}
}

func TestDamagedRecordIsNamed(t *testing.T) {
	e := newEvening(t)
	files, err := filepath.Glob(filepath.Join(e.dir, "*.log"))
	e.check(err)
	whole, err := os.ReadFile(files[0])
	e.check(err)
	for _, at := range []int{100, len(whole) / 2, len(whole) - 3} {
		dir, damaged := t.TempDir(), slices.Clone(whole)
		damaged[at] ^= 1
		e.check(os.WriteFile(filepath.Join(dir, filepath.Base(files[0])), damaged, 0o644))
		if report := verify(t, dir); report.OK || report.Violation.Claim != fairness.Signed {
			t.Errorf("byte %d: %+v", at, report.Violation)
		}
	}
}

// A copy is tampered with as a file, by somebody without the key. The
// checkpoint that lies beside every record tells.
func TestTamperedCopiesAreFound(t *testing.T) {
	e := newEvening(t)
	files, err := filepath.Glob(filepath.Join(e.dir, "*.log"))
	e.check(err)
	whole, err := os.ReadFile(files[0])
	e.check(err)
	// Where the groups begin, and where the last one ends.
	var at []int
	for i := bytes.Index(whole, []byte("SBgr")); i < len(whole); {
		at = append(at, i)
		i += 172 + int(binary.BigEndian.Uint32(whole[i+4:]))
	}
	at = append(at, len(whole))
	cut := func(from, to int) []byte { return slices.Concat(whole[:at[from]], whole[at[to]:]) }
	last := len(at) - 1
	for name, copied := range map[string][]byte{
		"a group is missing":        cut(7, 8),
		"the last group is missing": cut(last-1, last),
		"cut within a group":        whole[:at[last]-9],
		"the tail is zeros":         slices.Concat(whole[:at[last-2]], make([]byte, at[last]-at[last-2])),
		"two groups change places":  slices.Concat(whole[:at[7]], whole[at[8]:at[9]], whole[at[7]:at[8]], whole[at[9]:]),
		"a group stands twice":      slices.Concat(whole[:at[8]], whole[at[7]:]),
		"something is added":        append(slices.Clone(whole), "and then some more, which nobody has signed at all"...),
		"nothing is left":           whole[:at[0]],
	} {
		dir := t.TempDir()
		e.check(os.WriteFile(filepath.Join(dir, filepath.Base(files[0])), copied, 0o644))
		report := verify(t, dir, evidenceOf(t, e)[0])
		if report.OK || report.Violation == nil || len(report.Proved) > 0 {
			t.Errorf("%s: %+v", name, report.Violation)
		}
	}
	if _, err := fairness.Verify(fairness.Config{Dir: t.TempDir()}); err == nil {
		t.Error("proved an empty directory")
	}
}

func TestEvidenceOfAnotherLogIsRefused(t *testing.T) {
	e := newEvening(t)
	for _, evidence := range evidenceOf(t, e) {
		// The first digit of the checkpoint's size, or of the receipt's record.
		at := bytes.IndexByte(evidence.Content, '\n') + 1
		if at == 0 {
			at = bytes.Index(evidence.Content, []byte(`"record":"`)) + len(`"record":"`)
		}
		evidence.Content[at] ^= 3
		_, err := fairness.Verify(fairness.Config{Dir: e.dir, Key: public, Evidence: []fairness.Evidence{evidence}})
		if err == nil {
			t.Errorf("forged %s was accepted", evidence.Name)
		}
	}
}
