package components

import (
	"fmt"
	"net/url"

	"github.com/charmbracelet/lipgloss"

	"sunbeon/controlplane/figures"
	"sunbeon/tui/live"
	"sunbeon/tui/styles"
)

// StatusBar says how far what is shown can be believed: it is on every page.
func StatusBar(st styles.Styles, s *live.State, width int) string {
	left := freshness(st, s)
	if !s.Known() {
		return Fit(left, width)
	}
	leader := s.Members.Leader
	if leader == "" {
		leader = "unknown"
	}
	right := st.Faint.Render(fmt.Sprintf("leader %s · from %s · index %d", leader, host(s.View.Address), s.View.Index))
	gap := width - lipgloss.Width(left) - lipgloss.Width(right)
	if gap < 1 {
		return Fit(left, width)
	}
	return left + Fit("", gap) + right
}

func freshness(st styles.Styles, s *live.State) string {
	switch {
	case s.Refused != nil:
		return st.Bad.Render("✕ REFUSED " + s.Refused.Error())
	case !s.Known():
		return st.Warn.Render("▲ NO DATA YET: looking for a control-plane node")
	case s.Stale():
		return st.Bad.Render("✕ OLD DATA: " + figures.Age(s.Age()) + " old")
	}
	return st.Good.Render("● live") + st.Faint.Render(", data "+figures.Age(s.Age())+" old")
}

func host(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return "the cache"
	}
	return u.Host
}
