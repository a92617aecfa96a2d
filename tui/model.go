package tui

import (
	"context"
	"time"

	"github.com/charmbracelet/bubbles/help"
	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"sunbeon/controlplane/plan"
	"sunbeon/tui/components"
	"sunbeon/tui/keymap"
	"sunbeon/tui/live"
	"sunbeon/tui/pages"
	"sunbeon/tui/styles"
)

// model is the terminal: the pages, what lies over them, and what is known.
type model struct {
	ctx      context.Context
	session  Session
	now      func() time.Time
	readOnly bool

	styles        styles.Styles
	keys          keymap.Map
	help          help.Model
	width, height int

	state   live.State
	pages   []pages.Page
	current int
	// What takes the keys before the page does, at most one at a time.
	dialog *asking
	line   *prompt
	helps  bool

	notice      components.Notice
	membersAt   time.Time
	membersAsks bool
}

// asking is an open dialog and the action it is about.
type asking struct {
	dialog components.Dialog
	action action
}

// prompt is the line for ":" commands and "/" filters.
type prompt struct {
	input  textinput.Model
	filter bool
}

func newModel(ctx context.Context, config Config) model {
	keys := keymap.New()
	if config.ReadOnly {
		keys = keys.ReadOnly()
	}
	m := model{
		ctx: ctx, session: config.Session, now: config.Now, readOnly: config.ReadOnly,
		styles: styles.New(), keys: keys, help: help.New(), width: 80, height: 24, pages: pages.All(),
	}
	m.help.ShortSeparator = " · "
	m.state.Now = m.now()
	return m
}

// Init implements [tea.Model].
func (m model) Init() tea.Cmd { return tea.Batch(tick(), askMembers(m.ctx, m.session)) }

// Update implements [tea.Model].
func (m model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.width, m.height = msg.Width, msg.Height
		m.help.Width = msg.Width
	case viewMsg:
		m.state.Receive(msg.view, m.now())
	case refusedMsg:
		m.state.Refused = msg.err
	case membersMsg:
		m.membersAsks, m.membersAt = false, m.now()
		if msg.err == nil {
			m.state.Members = msg.members
		}
	case doneMsg:
		m.notice = components.Notice{Text: msg.did, At: m.now()}
		if msg.err != nil {
			m.notice = components.Notice{Text: msg.err.Error(), Bad: true, At: m.now()}
		}
	case tickMsg:
		return m.tick()
	case tea.KeyMsg:
		return m.pressEach(msg)
	}
	return m, nil
}

// pressEach takes keys apart that reached us in one piece, as they do over a
// slow line: "h" and "y" in a hurry are two keys and not one unknown one.
func (m model) pressEach(msg tea.KeyMsg) (tea.Model, tea.Cmd) {
	if msg.Type != tea.KeyRunes || msg.Paste || len(msg.Runes) < 2 {
		return m.press(msg)
	}
	var cmds []tea.Cmd
	for _, r := range msg.Runes {
		single := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune{r}, Alt: msg.Alt}
		if r == ' ' {
			single.Type = tea.KeySpace
		}
		next, cmd := m.press(single)
		m = next.(model)
		cmds = append(cmds, cmd)
	}
	return m, tea.Batch(cmds...)
}

// tick moves the clock on, and now and then asks who leads.
func (m model) tick() (tea.Model, tea.Cmd) {
	m.state.Now = m.now()
	m.state.Sample()
	cmds := []tea.Cmd{tick()}
	if !m.membersAsks && m.state.Now.Sub(m.membersAt) >= membersEvery && m.state.Refused == nil {
		m.membersAsks = true
		cmds = append(cmds, askMembers(m.ctx, m.session))
	}
	return m, tea.Batch(cmds...)
}

// press gives a key to whatever lies on top.
func (m model) press(msg tea.KeyMsg) (tea.Model, tea.Cmd) {
	switch {
	case m.dialog != nil:
		return m.pressDialog(msg)
	case m.line != nil:
		return m.pressLine(msg)
	case m.helps:
		m.helps = false
		if key.Matches(msg, m.keys.Quit) && msg.String() == "ctrl+c" {
			return m, tea.Quit
		}
		return m, nil
	}
	return m.pressPage(msg)
}

func (m model) pressDialog(msg tea.KeyMsg) (tea.Model, tea.Cmd) {
	dialog, cmd, answer := m.dialog.dialog.Update(msg)
	m.dialog = &asking{dialog, m.dialog.action}
	switch answer {
	case components.Cancelled:
		m.dialog = nil
		m.notice = components.Notice{Text: "cancelled: nothing was changed", At: m.now()}
	case components.Confirmed:
		r, err := m.dialog.action.request(dialog.Values())
		if err != nil {
			m.notice = components.Notice{Text: err.Error(), Bad: true, At: m.now()}
			return m, nil
		}
		m.dialog = nil
		m.notice = components.Notice{Text: "asking…", At: m.now()}
		return m, perform(m.ctx, m.session, r)
	}
	return m, cmd
}

func (m model) pressLine(msg tea.KeyMsg) (tea.Model, tea.Cmd) {
	line := *m.line
	switch msg.String() {
	case "esc", "ctrl+c":
		m.line = nil
		if line.filter {
			m.filter("")
		}
		return m, nil
	case "enter":
		m.line = nil
		if line.filter {
			return m, nil
		}
		return m.run(line.input.Value())
	}
	var cmd tea.Cmd
	line.input, cmd = line.input.Update(msg)
	m.line = &line
	if line.filter {
		m.filter(line.input.Value())
	}
	return m, cmd
}

func (m *model) filter(text string) {
	if f, ok := m.pages[m.current].(pages.Filtering); ok {
		m.replace(f.Filter(text))
	}
}

// replace swaps the current page; the slice is copied because a model that was
// handed out must not change.
func (m *model) replace(p pages.Page) {
	m.pages = append([]pages.Page(nil), m.pages...)
	m.pages[m.current] = p
}

// run does what was typed behind ":".
func (m model) run(line string) (tea.Model, tea.Cmd) {
	switch line {
	case "":
		return m, nil
	case "q", "quit", "exit":
		return m, tea.Quit
	case "help":
		m.helps = true
		return m, nil
	}
	names := map[string]int{"overview": 0, "cohorts": 1, "decisions": 2, "was": 3, "processes": 3, "raft": 4, "members": 4}
	if at, ok := names[line]; ok {
		m.current = at
		return m, nil
	}
	a, err := parseCommand(line, &m.state)
	return m.ask(a, err)
}

// ask opens the dialog of an action.
func (m model) ask(a action, err error) (tea.Model, tea.Cmd) {
	switch {
	case err != nil:
		m.notice = components.Notice{Text: err.Error(), Bad: true, At: m.now()}
		return m, nil
	case m.readOnly:
		m.notice = components.Notice{Text: "this terminal only looks (--read-only)", Bad: true, At: m.now()}
		return m, nil
	case !m.state.Known():
		m.notice = components.Notice{Text: "wait for data: what would change is not known yet", Bad: true, At: m.now()}
		return m, nil
	}
	m.dialog = &asking{components.NewDialog(a.title, a.do, a.effect, a.fields...), a}
	m.notice = components.Notice{}
	return m, textinput.Blink
}

// scope is the cohort picked on the page, or everything.
func (m model) scope() string {
	if t, ok := m.pages[m.current].(pages.Targeting); ok {
		if id, picked := t.Cohort(&m.state); picked {
			return id
		}
	}
	return plan.All
}
