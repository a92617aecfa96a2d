package pages_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"

	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/tui/keymap"
	"sunbeon/tui/live"
	"sunbeon/tui/pages"
	"sunbeon/tui/styles"
)

var eight = time.Date(2021, 7, 19, 20, 0, 0, 0, time.UTC)

// state is an evening with so many of everything.
func state(n int) *live.State {
	p := plan.New()
	p.Cohorts, p.Instances = map[string]plan.Cohort{}, map[string]plan.Instance{}
	for i := range n {
		id := fmt.Sprintf("cohort-%02d", i)
		p.Cohorts[id] = plan.Cohort{ID: id, Phase: plan.Scheduled, LobbyMS: eight.UnixMilli(), OpenMS: eight.UnixMilli() + int64(i)}
		id = fmt.Sprintf("was-%02d", i)
		p.Instances[id] = plan.Instance{ID: id, Kind: plan.KindWAS, State: plan.Ready, ReportMS: eight.UnixMilli()}
		p.Decisions = append(p.Decisions, decision(i))
	}
	s := &live.State{}
	s.Receive(client.View{Plan: p, Index: uint64(n)}, eight)
	return s
}

func decision(i int) plan.Decision {
	return plan.Decision{Revision: plan.Revision{Index: uint64(i + 1)}, Actuator: "admission", Sentence: fmt.Sprintf("sentence %02d", i), TimeMS: eight.UnixMilli()}
}

func keys(p pages.Page, s *live.State, typed ...tea.KeyType) pages.Page {
	for _, k := range typed {
		p = p.Update(tea.KeyMsg{Type: k}, keymap.New(), s)
	}
	return p
}

// Whatever there is to show, a page fills its room and no more.
func TestPagesFillTheirRoom(t *testing.T) {
	for _, p := range pages.All() {
		for _, many := range []int{0, 1, 60} {
			for _, size := range [][2]int{{40, 8}, {80, 20}, {200, 60}} {
				s := state(many)
				for _, p := range []pages.Page{p, keys(p, s, tea.KeyDown, tea.KeyEnter)} {
					view := p.View(styles.New(), s, size[0], size[1])
					if w, h := lipgloss.Width(view), lipgloss.Height(view); w != size[0] || h != size[1] {
						t.Errorf("%s with %d at %v is %d×%d", p.Name(), many, size, w, h)
					}
				}
			}
		}
	}
}

// Looking at something, one goes on looking at it while the evening goes on.
func TestADecisionIsFollowedWhileNewOnesCome(t *testing.T) {
	s := state(5)
	page := keys(pages.Decisions{}, s, tea.KeyDown, tea.KeyEnter)
	sees := func(want string) {
		t.Helper()
		if view := page.View(styles.New(), s, 80, 20); !strings.Contains(view, want) {
			t.Errorf("no %q in\n%s", want, view)
		}
	}
	sees("sentence 03")
	next := *s.Plan()
	next.Decisions = append(next.Decisions, decision(5), decision(6))
	s.Receive(client.View{Plan: &next, Index: 9}, eight)
	sees("sentence 03")
	page = keys(page, s, tea.KeyUp)
	sees("sentence 04")
	page = keys(page, s, tea.KeyEsc)
	sees("sentence 06")
}

// Actions on the page of cohorts mean the one that is picked.
func TestThePickedCohortIsMeant(t *testing.T) {
	s := state(3)
	picked := func(p pages.Page) string {
		id, _ := p.(pages.Targeting).Cohort(s)
		return id
	}
	page := pages.Page(pages.Cohorts{})
	first := picked(page)
	page = keys(page, s, tea.KeyDown)
	second := picked(page)
	if first == "" || second == "" || first == second {
		t.Errorf("picked %q, then %q", first, second)
	}
	if again := picked(keys(page, s, tea.KeyUp, tea.KeyUp, tea.KeyUp)); again != first {
		t.Errorf("above the first comes %q", again)
	}
	s = state(0)
	if id, ok := page.(pages.Targeting).Cohort(s); ok {
		t.Errorf("without cohorts %q is picked", id)
	}
}
