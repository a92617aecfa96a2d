package telemetry

import (
	"net/http"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/rules"
)

// Alert is an alert that is pending or firing.
type Alert struct {
	Labels      labels.Labels `json:"labels"`
	Annotations labels.Labels `json:"annotations"`
	// State is "pending" or "firing".
	State    string     `json:"state"`
	ActiveAt *time.Time `json:"activeAt,omitempty"`
	Value    number     `json:"value"`
}

// Alerts lists what is pending or firing on this node.
func (e *Engine) Alerts() []Alert {
	found := []Alert{}
	for _, rule := range e.rules.AlertingRules() {
		found = append(found, alertsOf(rule)...)
	}
	return found
}

func alertsOf(rule *rules.AlertingRule) []Alert {
	list := []Alert{}
	for _, a := range rule.ActiveAlerts() {
		active := a.ActiveAt
		list = append(list, Alert{Labels: a.Labels, Annotations: a.Annotations, State: a.State.String(), ActiveAt: &active, Value: number(a.Value)})
	}
	return list
}

func (e *Engine) activeAlerts(*http.Request) (any, error) {
	return map[string]any{"alerts": e.Alerts()}, nil
}

type ruleGroup struct {
	Name           string    `json:"name"`
	File           string    `json:"file"`
	Interval       float64   `json:"interval"`
	LastEvaluation time.Time `json:"lastEvaluation"`
	EvaluationTime float64   `json:"evaluationTime"`
	Rules          []any     `json:"rules"`
}

type ruleState struct {
	Type           string        `json:"type"`
	Name           string        `json:"name"`
	Query          string        `json:"query"`
	Labels         labels.Labels `json:"labels"`
	Health         string        `json:"health"`
	LastError      string        `json:"lastError,omitempty"`
	LastEvaluation time.Time     `json:"lastEvaluation"`
	EvaluationTime float64       `json:"evaluationTime"`
}

type alertingState struct {
	ruleState
	State       string        `json:"state"`
	Duration    float64       `json:"duration"`
	KeepFiring  float64       `json:"keepFiringFor"`
	Annotations labels.Labels `json:"annotations"`
	Alerts      []Alert       `json:"alerts"`
}

func (e *Engine) ruleGroups(*http.Request) (any, error) {
	groups := []ruleGroup{}
	for _, g := range e.rules.RuleGroups() {
		group := ruleGroup{
			Name: g.Name(), File: g.File(), Interval: g.Interval().Seconds(),
			LastEvaluation: g.GetLastEvaluation(), EvaluationTime: g.GetEvaluationTime().Seconds(), Rules: []any{},
		}
		for _, r := range g.Rules() {
			group.Rules = append(group.Rules, stateOf(r))
		}
		groups = append(groups, group)
	}
	return map[string]any{"groups": groups}, nil
}

func stateOf(r rules.Rule) any {
	state := ruleState{
		Type: "recording", Name: r.Name(), Query: r.Query().String(), Labels: r.Labels(), Health: string(r.Health()),
		LastEvaluation: r.GetEvaluationTimestamp(), EvaluationTime: r.GetEvaluationDuration().Seconds(),
	}
	if err := r.LastError(); err != nil {
		state.LastError = err.Error()
	}
	alerting, ok := r.(*rules.AlertingRule)
	if !ok {
		return state
	}
	state.Type = "alerting"
	return alertingState{
		ruleState: state, State: alerting.State().String(), Duration: alerting.HoldDuration().Seconds(),
		KeepFiring: alerting.KeepFiringFor().Seconds(), Annotations: alerting.Annotations(), Alerts: alertsOf(alerting),
	}
}
