package opsapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
	"sunbeon/internal/problem"
)

// Preflight says whether a cohort may open at its hour.
type Preflight struct {
	Cohort string `json:"cohort"`
	// Go is true where every check passes. Whoever lets a cohort go on without
	// names the checks they accept; the plan keeps who and why.
	Go     bool    `json:"go"`
	Checks []Check `json:"checks"`
}

// Check is one thing looked at.
type Check struct {
	Name   string `json:"name"`
	Answer string `json:"answer" enum:"pass,fail,unknown"`
	Detail string `json:"detail"`
}

// The answers of a check: unknown is what was not tried, or cannot be seen from
// here.
const (
	pass    = "pass"
	fail    = "fail"
	unknown = "unknown"
)

// approvedCheck asks for what an approval is about to give.
const approvedCheck = "approved"

// NotGreen are the names of the checks that do not pass.
func (p Preflight) NotGreen() []string {
	var names []string
	for _, c := range p.Checks {
		if c.Answer != pass {
			names = append(names, c.Name)
		}
	}
	return names
}

func (a *API) mountPreflight(r registrar) {
	get(r, "/v1/preflight/{cohort}", "preflight", "Go or no-go before an opening",
		func(ctx context.Context, in *struct {
			Reading
			CohortPath
		}) (*answer[Preflight], error) {
			return read(ctx, a, in.Reading, func(p *plan.Plan) (Preflight, error) {
				c, ok := p.Cohorts[in.ID]
				if !ok {
					return Preflight{}, refuse(http.StatusNotFound, plan.NotFound, "no cohort "+in.ID)
				}
				return a.preflight(ctx, p, c), nil
			})
		})
	do(r, plan.OnCall, http.MethodPost, "/v1/trials", "record-trial",
		"Record what came of trying break-glass at a gate, or the test persons of a cohort; it counts for a day",
		func(ctx context.Context, in *struct {
			Key
			Body struct {
				Motive
				Check   string `json:"check" enum:"break-glass,test persons"`
				Subject string `json:"subject" minLength:"1" maxLength:"64" doc:"the gate, or the cohort"`
				OK      bool   `json:"ok"`
				Detail  string `json:"detail,omitempty" maxLength:"500"`
			}
		}) (*done, error) {
			b := in.Body
			return a.change(ctx, in.Key, b.Motive, plan.TrialRecord,
				plan.RecordTrial{Check: b.Check, Subject: b.Subject, OK: b.OK, Detail: b.Detail})
		})
}

func (a *API) preflight(ctx context.Context, p *plan.Plan, c plan.Cohort) Preflight {
	now := a.now()
	out := Preflight{Cohort: c.ID, Checks: append(checkPlan(p, c, now.UnixMilli()), a.checkMachines(ctx, p)...)}
	out.Go = len(out.NotGreen()) == 0
	return out
}

// green refuses to let a cohort go on towards its opening while its preflight
// is not green, unless the command names what it accepts.
func (a *API) green(ctx context.Context, p *plan.Plan, kind plan.Kind, raw json.RawMessage) *problem.Problem {
	var of struct {
		Cohort string     `json:"cohort"`
		Phase  plan.Phase `json:"phase"`
		Accept []string   `json:"accept"`
	}
	if kind != plan.CohortApprove && kind != plan.CohortPhase || json.Unmarshal(raw, &of) != nil {
		return nil // what does not decode is the plan's to refuse
	}
	cohort, known := p.Cohorts[of.Cohort]
	opening := kind == plan.CohortPhase && of.Phase == plan.Open && (cohort.Phase == plan.Lobby || cohort.Phase == plan.Sealed)
	if !known || !opening && kind != plan.CohortApprove {
		return nil
	}
	left := slices.DeleteFunc(a.preflight(ctx, p, cohort).NotGreen(), func(check string) bool {
		return slices.Contains(of.Accept, check) || !opening && check == approvedCheck
	})
	if len(left) == 0 {
		return nil
	}
	return problem.New(http.StatusConflict, "preflight_not_green",
		fmt.Sprintf("the preflight of %s is not green: %s. See to it, or accept it by name", cohort.ID, strings.Join(left, ", "))).
		With("checks", left)
}

// Hindrances names what of a cohort's preflight is not green at its hour and was
// not accepted by whoever approved it. Of what the plan shows the leader's
// timetable takes care.
func (a *API) Hindrances(ctx context.Context, p *plan.Plan, c plan.Cohort) []string {
	now := a.now()
	checks := []Check{checkBreakGlass(p, now.UnixMilli()), checkPersons(p, c, now.UnixMilli()), checkDisk(a.dataDir)}
	// A process that just then does not answer is no reason: the timetable waits
	// for those it needs.
	if certificates := a.checkCertificates(ctx, p); certificates.Answer == fail {
		checks = append(checks, certificates)
	}
	names := Preflight{Checks: checks}.NotGreen()
	return slices.DeleteFunc(names, func(name string) bool {
		return slices.ContainsFunc(c.Accepted, func(x plan.Acceptance) bool { return slices.Contains(x.Checks, name) })
	})
}

// checkPlan looks at what the plan says of a cohort's opening.
func checkPlan(p *plan.Plan, c plan.Cohort, nowMS int64) []Check {
	var checks []Check
	add := func(name string, ok bool, format string, args ...any) {
		answer := fail
		if ok {
			answer = pass
		}
		checks = append(checks, Check{name, answer, fmt.Sprintf(format, args...)})
	}
	ahead := c.Phase == plan.Scheduled || c.Phase == plan.Lobby || c.Phase == plan.Sealed
	add("timetable", ahead && c.CloseMS > nowMS, "%s, opens %s", c.Phase, time.UnixMilli(c.OpenMS).Format(time.DateTime))
	add(approvedCheck, len(c.ApprovedBy) > 0, "by %s", nobody(strings.Join(c.ApprovedBy, ", ")))
	// Of the pages' and messages' templates only the names differ from evening
	// to evening.
	add("templates", c.Name["ko"] != "" && c.Name["en"] != "", "ko %q, en %q", c.Name["ko"], c.Name["en"])
	_, held := p.Holds[plan.All]
	_, own := p.Holds[c.ID]
	add("no hold", !held && !own, "%d holds in force", len(p.Holds))
	_, frozen := standing.Frozen(p, plan.TargetAdmission, nowMS)
	add("not frozen", !frozen, "admission frozen: %v", frozen)
	add("floor", p.Admission.FloorMilli > 0 && p.Admission.FloorMilli <= p.Admission.RateMilli,
		"%.1f turns a second without a control plane, of %.1f", float64(p.Admission.FloorMilli)/1000, float64(p.Admission.RateMilli)/1000)
	gates, _ := standing.Running(p, plan.KindGate)
	add("gate", gates > 0, "%d ready", gates)
	was, registered := standing.Running(p, plan.KindWAS)
	add("WAS", was >= p.Replicas.Min && was > 0, "%d of %d ready, at least %d wanted", was, registered, p.Replicas.Min)
	open := 0
	for _, i := range p.Incidents {
		if i.ClosedMS == 0 {
			open++
		}
	}
	add("no incident", open == 0, "%d open", open)
	pair := Check{"approvers", pass, "two commanders are named: loosening takes two people"}
	if !p.Paired(nowMS) {
		pair = Check{"approvers", unknown, "fewer than two commanders are named: the installation's token acts alone"}
	}
	return append(checks, pair, checkBreakGlass(p, nowMS), checkPersons(p, c, nowMS))
}

func nobody(names string) string {
	if names == "" {
		return "nobody"
	}
	return names
}

// checkBreakGlass asks for a trial of the last day at every gate.
func checkBreakGlass(p *plan.Plan, nowMS int64) Check {
	check := Check{Name: "break-glass", Answer: unknown, Detail: "no gate is known"}
	for _, i := range standing.Sorted(p.Instances) {
		if i.Kind != plan.KindGate {
			continue
		}
		switch trial, tried := p.TrialOf(plan.TrialBreakGlass, i.ID, nowMS); {
		case !tried:
			check.Answer, check.Detail = unknown, i.ID+" was not tried within a day: sunbeon ctl try break-glass"
			return check
		case !trial.OK:
			check.Answer, check.Detail = fail, i.ID+": "+trial.Detail
			return check
		default:
			check.Answer, check.Detail = pass, "tried at every gate, last by "+trial.By
		}
	}
	return check
}

func checkPersons(p *plan.Plan, c plan.Cohort, nowMS int64) Check {
	trial, tried := p.TrialOf(plan.TrialPersons, c.ID, nowMS)
	switch {
	case !tried:
		return Check{"test persons", unknown, "nobody was walked through within a day: sunbeon ctl try persons"}
	case !trial.OK:
		return Check{"test persons", fail, trial.Detail}
	}
	return Check{"test persons", pass, trial.Detail + ", by " + trial.By}
}
