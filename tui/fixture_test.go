package tui

import (
	"context"
	"encoding/json"
	"sync"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/lipgloss"
	"github.com/muesli/termenv"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/opsapi"
	"sunbeon/controlplane/opsapi/client"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/serving"
)

// Screens are compared without colour: everything has to be readable so.
func TestMain(m *testing.M) {
	lipgloss.SetColorProfile(termenv.Ascii)
	m.Run()
}

var eight = time.Date(2021, 7, 19, 20, 0, 0, 0, time.UTC)

// evening is an opening 90 s in: stock limits the rate to 110/s.
func evening() *plan.Plan {
	p := plan.New()
	at := eight.UnixMilli()
	p.Index = 4711
	p.Admission = plan.Admission{RateMilli: 110_000, MaxMilli: 1_000_000, FloorMilli: 1_000, TauMS: 30_000, Mode: plan.Auto}
	p.Replicas = plan.Replicas{Desired: 3, Min: 1, Max: 26, Mode: plan.Auto}
	p.Cohorts = map[string]plan.Cohort{
		"50s": {ID: "50s", Name: map[string]string{"ko": "50–52세", "en": "Ages 50 to 52"}, Phase: plan.Open,
			BirthFrom: "1969-01-01", BirthTo: "1971-12-31", Order: plan.OrderDraw, DrawMode: plan.DrawSecret,
			LobbyMS: at - 3_600_000, SealMS: at - 60_000, OpenMS: at, CloseMS: at + 22*3_600_000, ApprovedBy: []string{"kim", "lee"}},
		"60s": {ID: "60s", Name: map[string]string{"en": "Ages 60 to 64"}, Phase: plan.Scheduled,
			LobbyMS: at + 24*3_600_000, OpenMS: at + 25*3_600_000, CloseMS: at + 46*3_600_000},
	}
	p.Segments = map[string]plan.Segments{"50s": {Current: serving.Segment{Cohort: "50s", Number: 90, Start: 9_900,
		T0: at + 89_500, RateMilli: 110_000, Until: at + 99_500, Cap: 2_360_000, FloorMilli: 1_000, TauMS: 30_000}}}
	p.Lines = map[string]plan.Line{plan.LineKey("50s", "gate-1"): {Cohort: "50s", Gate: "gate-1", Issued: 603_000,
		Claimed: 9_700, Booked: 8_100, Sessions: 1_300}}
	p.Instances = map[string]plan.Instance{}
	for _, i := range []plan.Instance{
		{ID: "was-1", Kind: plan.KindWAS, State: plan.Ready}, {ID: "was-2", Kind: plan.KindWAS, State: plan.Ready},
		{ID: "was-3", Kind: plan.KindWAS, State: plan.Failing, Detail: "ledger unreachable"},
		{ID: "gate-1", Kind: plan.KindGate, State: plan.Ready},
		{ID: "controlplane-1", Kind: plan.KindControlPlane, State: plan.Ready},
	} {
		i.StartedMS, i.ReportMS = at-600_000, at+88_000
		p.Instances[i.ID] = i
	}
	record, _ := json.Marshal(map[string]any{
		"action": "lower", "actuator": "admission", "from": 180, "to": 110, "applied": true, "bottleneck": "stock",
		"time_ms": at + 80_000, "unclamped": 104.5, "clamps": []string{"slew_limit"},
		"inputs":    []map[string]any{{"signal": "stock requests/s", "value": 212, "age_ms": 900}},
		"estimates": []map[string]any{{"resource": "stock", "proved": 205, "believed": 212, "confidence": 0.8, "limit": 110, "saturated": true}},
		"stages":    []map[string]any{{"name": "forecast", "value": 104.5}, {"name": "slew", "value": 110}},
		"predicted": map[string]any{"resource": "stock", "from_ms": at + 100_000, "to_ms": at + 130_000, "rate": 205},
	})
	p.Decisions = []plan.Decision{
		{Revision: plan.Revision{Index: 4000}, TimeMS: at + 40_000, Actor: "controlplane-1", Actuator: "replicas", Sentence: "3 WAS for the 180/s to come"},
		{Revision: plan.Revision{Index: 4500}, TimeMS: at + 80_000, Actor: "controlplane-1", Actuator: "admission",
			Sentence: "limited by stock at 212/s (not WAS)", Record: record},
	}
	return p
}

var members = opsapi.Members{Node: "controlplane-2", Leader: "controlplane-1", Term: 3, Index: 4711, Members: []consensus.Member{
	{ID: "controlplane-1", Address: "10.0.0.1:7000", Voter: true, Leader: true},
	{ID: "controlplane-2", Address: "10.0.0.2:7000", Voter: true},
	{ID: "controlplane-3", Address: "10.0.0.3:7000"},
}}

// session answers as a control plane would and remembers what was asked.
type session struct {
	mu    sync.Mutex
	asked []call
	fails error
}

type call struct {
	Method, Path string
	Body         any
}

func (f *session) Watch(ctx context.Context, deliver func(client.View)) error {
	deliver(client.View{Plan: evening(), Index: 4711, Address: "http://10.0.0.2:8805"})
	<-ctx.Done()
	return ctx.Err()
}

func (f *session) Call(_ context.Context, method, path, key string, in, out any) error {
	switch out := out.(type) {
	case *opsapi.Members:
		*out = members
		return nil
	case *opsapi.Done:
		f.mu.Lock()
		defer f.mu.Unlock()
		if key == "" {
			panic("a change without a request id")
		}
		f.asked = append(f.asked, call{method, path, in})
		out.Index = 4800
		return f.fails
	}
	panic("an answer nobody asked for")
}

func (f *session) calls() []call {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]call(nil), f.asked...)
}

// screen is a terminal with data, 90 s after the opening.
func screen(config Config) model {
	now := eight.Add(90 * time.Second)
	if config.Now == nil {
		config.Now = func() time.Time { return now }
	}
	if config.Session == nil {
		config.Session = &session{}
	}
	m := newModel(context.Background(), config)
	at := now
	m.now = func() time.Time { return at }
	for i := range 90 { // what the charts show
		at = now.Add(time.Duration(i-89) * time.Second)
		p := evening()
		line := p.Lines["50s/gate-1"]
		line.Booked = int64(i * i)
		line.Issued -= int64(500 * (89 - i))
		p.Lines["50s/gate-1"] = line
		s := p.Segments["50s"]
		s.Current.T0, s.Current.Until = at.UnixMilli()-500, at.UnixMilli()+9_500
		s.Current.Start = int64(110 * (i + 1))
		p.Segments["50s"] = s
		m.state.Receive(client.View{Plan: p}, at)
		m.state.Sample()
	}
	m.now = config.Now
	for _, msg := range []tea.Msg{
		viewMsg{client.View{Plan: evening(), Index: 4711, LeaderAge: 120 * time.Millisecond, Address: "http://10.0.0.2:8805"}},
		membersMsg{members: members}, tea.WindowSizeMsg{Width: 80, Height: 24},
	} {
		next, _ := m.Update(msg)
		m = next.(model)
	}
	return m
}

// press gives keys to a terminal; words in <> are special keys.
func press(m model, keys ...string) (model, []tea.Cmd) {
	special := map[string]tea.KeyType{"<enter>": tea.KeyEnter, "<esc>": tea.KeyEsc, "<tab>": tea.KeyTab, "<down>": tea.KeyDown}
	var cmds []tea.Cmd
	for _, k := range keys {
		msg := tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k)}
		if t, ok := special[k]; ok {
			msg = tea.KeyMsg{Type: t}
		}
		next, cmd := m.Update(msg)
		m = next.(model)
		cmds = append(cmds, cmd)
	}
	return m, cmds
}
