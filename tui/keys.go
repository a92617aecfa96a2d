package tui

import (
	"errors"

	"github.com/charmbracelet/bubbles/key"
	"github.com/charmbracelet/bubbles/textinput"
	tea "github.com/charmbracelet/bubbletea"

	"sunbeon/controlplane/plan"
	"sunbeon/tui/pages"
)

// pressPage takes a key while nothing lies over the page.
func (m model) pressPage(msg tea.KeyMsg) (tea.Model, tea.Cmd) {
	s := &m.state
	switch k := m.keys; {
	case key.Matches(msg, k.Quit):
		return m, tea.Quit
	case key.Matches(msg, k.Help):
		m.helps = true
	case key.Matches(msg, k.Pages):
		m.current = int(msg.String()[0] - '1')
	case key.Matches(msg, k.Next):
		m.current = (m.current + 1) % len(m.pages)
	case key.Matches(msg, k.Command):
		m.line = newPrompt(":", false)
		return m, textinput.Blink
	case key.Matches(msg, k.Filter):
		if _, ok := m.pages[m.current].(pages.Filtering); ok {
			m.line = newPrompt("/", true)
			return m, textinput.Blink
		}
	case key.Matches(msg, k.Override):
		return m.ask(overrideRate(s, "", "", ""), nil)
	case key.Matches(msg, k.HandBack):
		return m.ask(handBack(s, ""))
	case key.Matches(msg, k.Hold):
		return m.ask(hold(s, m.scope(), ""), nil)
	case key.Matches(msg, k.Release):
		return m.ask(release(s, m.held(), ""))
	case key.Matches(msg, k.Freeze):
		return m.ask(freeze(s, "", ""), nil)
	case key.Matches(msg, k.Unfreeze):
		return m.ask(unfreeze(s, ""))
	case key.Matches(msg, k.Pause):
		return m.askPhase("pause")
	case key.Matches(msg, k.Resume):
		return m.askPhase("resume")
	default:
		m.replace(m.pages[m.current].Update(msg, m.keys, s))
	}
	return m, nil
}

// held is the hold to release: the picked cohort's own, else the one on
// everything.
func (m model) held() string {
	scope := m.scope()
	if _, ok := m.state.Plan().Holds[scope]; ok {
		return scope
	}
	return plan.All
}

// askPhase needs to know which cohort is meant: the one picked, or the only
// one there is.
func (m model) askPhase(verb string) (tea.Model, tea.Cmd) {
	cohort := m.scope()
	if cohort == plan.All {
		all := m.state.Standings()
		if len(all) != 1 {
			return m.ask(action{}, errors.New("pick a cohort on its page (2) first"))
		}
		cohort = all[0].Cohort.ID
	}
	return m.ask(movePhase(&m.state, cohort, verb, ""), nil)
}

func newPrompt(sign string, filter bool) *prompt {
	input := textinput.New()
	input.Prompt = sign
	input.CharLimit = 300
	input.Focus()
	return &prompt{input, filter}
}
