package tui

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
	"unicode"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/x/exp/golden"
	"github.com/charmbracelet/x/exp/teatest"
	"github.com/google/go-cmp/cmp"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
	"sunbeon/tui/components"
	"sunbeon/tui/live"
)

func TestScreens(t *testing.T) {
	f := func(name string, m model, keys ...string) {
		t.Helper()
		m, _ = press(m, keys...)
		t.Run(name, func(t *testing.T) {
			view := m.View()
			for i, line := range strings.Split(view, "\n") {
				if w := lipgloss.Width(line); w > m.width {
					t.Errorf("line %d is %d cells wide: %q", i, w, line)
				}
			}
			if h := lipgloss.Height(view); h != m.height {
				t.Errorf("%d lines, want %d", h, m.height)
			}
			golden.RequireEqual(t, []byte(view))
		})
	}
	f("overview", screen(Config{}))
	f("cohorts", screen(Config{}), "2")
	f("cohorts second", screen(Config{}), "2", "j")
	f("decisions", screen(Config{}), "3")
	f("decision", screen(Config{}), "3", "<enter>")
	f("was", screen(Config{}), "4")
	f("raft", screen(Config{}), "5")
	f("help", screen(Config{}), "?")
	f("override", screen(Config{}), "o", "40")
	f("hold", screen(Config{}), "2", "h")
	f("nothing yet", newModel(context.Background(), Config{Session: &session{}, Now: func() time.Time { return eight }}))

	big := screen(Config{})
	big.width, big.height = 120, 40
	f("overview large", big)
	small := screen(Config{})
	small.width, small.height = 60, 15
	f("overview small", small)
	f("overview least", at(50, 12, nil))
	f("overview least held", at(50, 12, heldEvening()))
	f("decision small", at(50, 12, nil), "3", "<enter>")
	f("help small", at(50, 12, nil), "?")
	tiny := screen(Config{})
	tiny.width, tiny.height = 20, 5
	f("too small", tiny)
}

// at is a terminal of another size, and of another evening where p is not nil.
func at(width, height int, p *plan.Plan) model {
	m := screen(Config{})
	m.width, m.height = width, height
	if p != nil {
		m.state.Receive(client.View{Plan: p, Index: 4712, Address: "http://10.0.0.2:8805"}, m.now())
	}
	return m
}

// heldEvening is one on which operators have taken things into their hands.
func heldEvening() *plan.Plan {
	p := evening()
	p.Holds = map[string]plan.Hold{plan.All: {Scope: plan.All, Owner: "kim", Reason: "wrong doses", SinceMS: eight.UnixMilli()}}
	p.Overrides = map[string]plan.Override{plan.TargetAdmission: {
		Target: plan.TargetAdmission, Value: 40_000, Owner: "lee", Reason: "air for stock", UntilMS: eight.Add(time.Hour).UnixMilli(),
	}}
	return p
}

// Whatever the terminal's size, the reason for the present rate, what operators
// have set and the age of the data are there. At 50×12 the reason was not.
func TestTheReasonIsAlwaysThere(t *testing.T) {
	for _, size := range [][2]int{{40, 12}, {50, 12}, {60, 15}, {80, 24}, {120, 40}} {
		view := at(size[0], size[1], heldEvening()).View()
		for _, want := range []string{"why: ", "all on hold", "admission overridden", "data 0"} {
			if !strings.Contains(view, want) {
				t.Errorf("%d×%d: no %q in\n%s", size[0], size[1], want, view)
			}
		}
	}
}

// Where there is no room for charts there is room for a long reason.
func TestALongReasonIsToldToItsEnd(t *testing.T) {
	p := evening()
	d := &p.Decisions[len(p.Decisions)-1]
	d.Sentence, d.Record = "nothing saturates yet: exploring stock, sixty a second proved and twice that believed, not the WAS", nil
	if view := at(50, 12, p).View(); !strings.Contains(view, "not the WAS") {
		t.Error(view)
	}
}

func TestOldDataIsCalledOld(t *testing.T) {
	m := screen(Config{})
	later := eight.Add(100 * time.Second)
	m.now = func() time.Time { return later }
	next, _ := m.Update(tickMsg(later))
	if view := next.View(); !strings.Contains(view, "OLD DATA: 10 s old") {
		t.Errorf("10 s without news:\n%s", view)
	}
	before := len(m.state.History.Series(nothing))
	aged := next.(model)
	if after := len(aged.state.History.Series(nothing)); after != before {
		t.Error("old data was drawn into the charts as if it were new")
	}
}

// In a rush the plan changes many times a second, and hardly a second begins
// with a tick.
func TestEverySecondOfARushIsInTheCharts(t *testing.T) {
	now := eight
	var m tea.Model = newModel(context.Background(), Config{Session: &session{}, Now: func() time.Time { return now }})
	for range 100 { // ten seconds
		now = now.Add(50 * time.Millisecond)
		m, _ = m.Update(viewMsg{client.View{Plan: evening()}})
		now = now.Add(50 * time.Millisecond)
		m, _ = m.Update(viewMsg{client.View{Plan: evening()}})
		m, _ = m.Update(tickMsg(now))
	}
	if aged := m.(model); len(aged.state.History.Series(nothing)) != 11 {
		t.Errorf("%d samples, want one of each of the seconds 0 to 10", len(aged.state.History.Series(nothing)))
	}
}

// TestEveryPageTellsTheAgeOfItsData holds for dialogs and the help as well.
func TestEveryPageTellsTheAgeOfItsData(t *testing.T) {
	for _, keys := range []string{"1", "2", "3", "4", "5", "?", "o", "h", ":", "3/"} {
		m, _ := press(screen(Config{}), keys)
		if view := m.View(); !strings.Contains(view, "live, data 0.1 s old") {
			t.Errorf("after %q:\n%s", keys, view)
		}
	}
}

func TestChangesAskFirst(t *testing.T) {
	f := func(name string, want []call, keys ...string) {
		t.Helper()
		s := &session{}
		m, cmds := press(screen(Config{Session: s}), keys...)
		for _, cmd := range cmds {
			run(cmd)
		}
		if diff := cmp.Diff(want, s.calls()); diff != "" {
			t.Errorf("%s (-want +asked):\n%s\n%s", name, diff, m.View())
		}
	}
	hold := []call{{"PUT", "/v1/holds/all", map[string]any{"reason": "stopped from the terminal; reason follows", "seen": uint64(4711)}}}
	f("two keys hold", hold, "h", "y")
	f("two keys in one piece hold", hold, "hy")
	f("enter means cancel", nil, "h", "<enter>")
	f("escape means cancel", nil, "h", "<esc>")
	f("no means cancel", nil, "h", "n")
	f("picked cohort is held", []call{{"PUT", "/v1/holds/50s", map[string]any{
		"reason": "stopped from the terminal; reason follows", "seen": uint64(4711)}}}, "2", "h", "y")
	f("override", []call{{"PUT", "/v1/overrides/admission", map[string]any{
		"value": int64(40_000), "for_ms": int64(600_000), "reason": "slow stock", "seen": uint64(4711)}}},
		"o", "40", "<enter>", "slow stock", "<enter>", "<enter>", "<tab>", "<enter>")
	f("override from a command", []call{{"PUT", "/v1/overrides/admission", map[string]any{
		"value": int64(40_500), "for_ms": int64(120_000), "reason": "slow stock", "seen": uint64(4711)}}},
		":", "override 40.5 2m slow stock", "<enter>", "y")
	f("in a field y is a letter", nil, "o", "y")
	f("without a reason", nil, "o", "40", "<enter>", "<enter>", "<enter>", "y")
	f("without a rate", nil, ":", "override", "<enter>", "<tab>", "r", "<tab>", "<tab>", "y")
	f("release what is not held", nil, "u", "y")
	f("hand back what was not taken", nil, "b", "y")
	f("freeze", []call{{"PUT", "/v1/freezes/all", map[string]any{
		"for_ms": int64(1_800_000), "reason": "a look", "seen": uint64(4711)}}}, ":", "freeze 30m a look", "<enter>", "y")
	f("pause", []call{{"POST", "/v1/cohorts/50s/pause", map[string]any{"reason": "wrong doses", "seen": uint64(4711)}}},
		"2", "p", "wrong doses", "<enter>", "y")
	f("unknown command", nil, ":", "explode", "<enter>", "y")
}

// run does a command as the framework would.
func run(cmd tea.Cmd) []tea.Msg {
	if cmd == nil {
		return nil
	}
	msg := cmd()
	batch, ok := msg.(tea.BatchMsg)
	if !ok {
		return []tea.Msg{msg}
	}
	var out []tea.Msg
	for _, c := range batch {
		out = append(out, run(c)...)
	}
	return out
}

func TestReadOnlyChangesNothing(t *testing.T) {
	s := &session{}
	m, cmds := press(screen(Config{Session: s, ReadOnly: true}), "h", "y", ":", "hold", "<enter>", "y")
	for _, cmd := range cmds {
		run(cmd)
	}
	if len(s.calls()) != 0 || !strings.Contains(m.View(), "only looks") {
		t.Errorf("asked %v\n%s", s.calls(), m.View())
	}
}

func TestRefusalIsShown(t *testing.T) {
	s := &session{fails: problem.New(409, "changed_since", "the override changed at 4790")}
	m, cmds := press(screen(Config{Session: s}), "h", "y")
	for _, cmd := range cmds {
		for _, msg := range run(cmd) {
			next, _ := m.Update(msg)
			m = next.(model)
		}
	}
	if view := m.View(); !strings.Contains(view, "refused (changed_since): the override changed at 4790") {
		t.Error(view)
	}
}

func TestDecisionsFilter(t *testing.T) {
	m, _ := press(screen(Config{}), "3", "/", "stock")
	view := m.View()
	if !strings.Contains(view, "limited by stock") || strings.Contains(view, "3 WAS for") {
		t.Errorf("filtered for stock:\n%s", view)
	}
	m, _ = press(m, "<esc>")
	if !strings.Contains(m.View(), "3 WAS for") {
		t.Errorf("filter still there after esc:\n%s", m.View())
	}
}

// The whole program, with its real loop of input and output.
func TestProgram(t *testing.T) {
	s := &session{}
	m := newModel(t.Context(), Config{Session: s, Now: func() time.Time { return eight.Add(90 * time.Second) }})
	tm := teatest.NewTestModel(t, m, teatest.WithInitialTermSize(80, 24))
	go watch(t.Context(), s, tm.Send)
	see := func(words string) {
		t.Helper()
		teatest.WaitFor(t, tm.Output(), func(out []byte) bool { return bytes.Contains(out, []byte(words)) },
			teatest.WithDuration(5*time.Second))
	}
	see("live, data")
	tm.Type("2")
	see("Ages 50 to 52")
	tm.Type("h")
	see("Nobody more is called")
	tm.Type("y")
	see("50s on hold (index 4800)")
	tm.Type("q")
	tm.WaitFinished(t, teatest.WithFinalTimeout(5*time.Second))
	if len(s.calls()) != 1 {
		t.Errorf("asked %v", s.calls())
	}
}

// nothing reads nothing of a sample: only how many there are matters.
func nothing(live.Sample) float64 { return 0 }

// Of what people and processes write, a terminal carries nothing out.
func TestTextsDoNotCommandTheTerminal(t *testing.T) {
	const evil = "\x1b[2J\x1b]52;c;aGk=\x07\u009b31m\r\x7f"
	p := evening()
	for id, c := range p.Cohorts {
		c.Name = map[string]string{"en": evil, "ko": evil}
		c.Note, c.ApprovedBy = evil, []string{evil}
		p.Cohorts[id] = c
	}
	for id, i := range p.Instances {
		i.Detail, i.Kind = evil, i.Kind+evil
		p.Instances[id] = i
	}
	for i := range p.Decisions {
		p.Decisions[i].Sentence += evil
		p.Decisions[i].Actor = evil
	}
	p.Holds = map[string]plan.Hold{"all": {Scope: evil, Owner: evil, Reason: evil}}
	next, _ := screen(Config{}).Update(viewMsg{client.View{Plan: p, Index: 4711}})
	m := next.(model)
	m.notice = components.Notice{Text: evil, Bad: true, At: m.state.Now}
	for i := range m.pages {
		m.current = i
		if at := strings.IndexFunc(m.View(), func(r rune) bool { return unicode.IsControl(r) && r != '\n' }); at >= 0 {
			t.Errorf("page %s tells the terminal %q", m.pages[i].Name(), m.View()[at:min(at+20, len(m.View()))])
		}
	}
}
