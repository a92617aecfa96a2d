package opsapi

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/standing"
)

// Preflight says whether a cohort may open at its hour.
type Preflight struct {
	Cohort string `json:"cohort"`
	// Go is true where nothing failed; what is unknown is for people to judge.
	Go     bool    `json:"go"`
	Checks []Check `json:"checks"`
}

// Check is one thing looked at.
type Check struct {
	Name   string `json:"name"`
	Answer string `json:"answer" doc:"pass, fail or unknown"`
	Detail string `json:"detail"`
}

// The answers of a check.
const (
	pass    = "pass"
	fail    = "fail"
	unknown = "unknown"
)

// What an evening needs of a node.
const (
	minDiskFree        = 1 << 30
	minCertificateLeft = 7 * 24 * time.Hour
)

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
				checks := append(checkPlan(p, c, a.now().UnixMilli()), a.checkNode()...)
				out := Preflight{Cohort: c.ID, Go: true, Checks: checks}
				for _, check := range checks {
					out.Go = out.Go && check.Answer != fail
				}
				return out, nil
			})
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
	add("timetable", ahead && c.OpenMS > nowMS, "%s, opens %s", c.Phase, time.UnixMilli(c.OpenMS).Format(time.DateTime))
	add("approved", len(c.ApprovedBy) > 0, "by %s", nobody(strings.Join(c.ApprovedBy, ", ")))
	add("names", c.Name["ko"] != "" && c.Name["en"] != "", "ko %q, en %q", c.Name["ko"], c.Name["en"])
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
	return append(checks, pair,
		Check{"break-glass", unknown, "try a hold at a gate with a fresh token: no record of a trial is kept"},
		Check{"test persons", unknown, "walk one person at each birthday boundary through the lobby"})
}

func nobody(names string) string {
	if names == "" {
		return "nobody"
	}
	return names
}

// checkNode looks at the node that answers, and at the cluster as it sees it.
func (a *API) checkNode() []Check {
	members, voters := a.node.Members(), 0
	for _, m := range members {
		if m.Voter {
			voters++
		}
	}
	age := a.node.LeaderContact()
	checks := []Check{{"control plane", pass, fmt.Sprintf("%d voters, leader heard of %d ms ago", voters, age.Milliseconds())}}
	if voters < 3 || age > time.Second {
		checks[0].Answer = fail
	}
	return append(checks, checkDisk(a.dataDir), checkCertificate(a.pkiDir, a.now()))
}

func checkDisk(dir string) Check {
	var disk syscall.Statfs_t
	if dir == "" || syscall.Statfs(dir, &disk) != nil {
		return Check{"disk", unknown, "cannot be looked at"}
	}
	left := disk.Bavail * uint64(disk.Bsize)
	check := Check{"disk", pass, fmt.Sprintf("%.1f GB free on this node", float64(left)/1e9)}
	if left < minDiskFree {
		check.Answer = fail
	}
	return check
}

func checkCertificate(dir string, now time.Time) Check {
	raw, err := os.ReadFile(filepath.Join(dir, "controlplane.pem"))
	block, _ := pem.Decode(raw)
	if dir == "" || err != nil || block == nil {
		return Check{"certificates", unknown, "cannot be looked at"}
	}
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return Check{"certificates", fail, err.Error()}
	}
	check := Check{"certificates", pass, "this node's is valid until " + certificate.NotAfter.Format(time.DateOnly)}
	if certificate.NotAfter.Sub(now) < minCertificateLeft {
		check.Answer = fail
	}
	return check
}
