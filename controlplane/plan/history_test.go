package plan_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"sunbeon/controlplane/plan"
)

// randomCommand is one of a night's commands, sensible often enough that a
// history of them goes somewhere.
func randomCommand(t testing.TB, r *rand.Rand, nowMS int64) plan.Command {
	cohort := []string{"c40", "c50", "none"}[r.IntN(3)]
	gate := []string{"gate-1", "gate-2"}[r.IntN(2)]
	phases := []plan.Phase{plan.Open, plan.Paused, plan.Open, plan.Open, plan.Lobby, plan.Sealed}
	bodies := []func() (plan.Kind, any){
		func() (plan.Kind, any) { return plan.CohortDefine, plan.DefineCohort{Cohort: firstCome(cohort)} },
		func() (plan.Kind, any) { return plan.CohortApprove, plan.ApproveCohort{Cohort: cohort} },
		func() (plan.Kind, any) {
			return plan.CohortPhase, plan.MovePhase{Cohort: cohort, Phase: phases[r.IntN(len(phases))]}
		},
		func() (plan.Kind, any) {
			return plan.CohortPhase, plan.MovePhase{Cohort: cohort, Phase: phases[r.IntN(len(phases))]}
		},
		func() (plan.Kind, any) {
			return plan.LineReport, plan.ReportLine{Cohort: cohort, Gate: gate, Issued: r.Int64N(2000), HighWater: r.Int64N(100)}
		},
		func() (plan.Kind, any) {
			return plan.SegmentRenew, plan.RenewSegment{Cohort: cohort, RateMilli: r.Int64N(100_000), NoRaise: r.IntN(4) == 0}
		},
		func() (plan.Kind, any) {
			return plan.SegmentRenew, plan.RenewSegment{Cohort: cohort, RateMilli: r.Int64N(100_000)}
		},
		func() (plan.Kind, any) {
			return plan.SegmentRenew, plan.RenewSegment{Cohort: cohort, RateMilli: r.Int64N(100_000)}
		},
		func() (plan.Kind, any) {
			return plan.CohortPhase, plan.MovePhase{Cohort: cohort, Phase: plan.Open}
		},
		func() (plan.Kind, any) {
			return plan.AdmissionConfigure, plan.ConfigureAdmission{FloorMilli: new(r.Int64N(2_000)), TauMS: new(r.Int64N(60_000))}
		},
		func() (plan.Kind, any) {
			return plan.OverrideSet, plan.SetOverride{Target: plan.TargetAdmission, Value: r.Int64N(200_000), UntilMS: nowMS + r.Int64N(60_000)}
		},
		func() (plan.Kind, any) { return plan.HoldSet, plan.SetHold{Scope: cohort} },
		func() (plan.Kind, any) { return plan.HoldRelease, plan.ReleaseHold{Scope: cohort} },
		func() (plan.Kind, any) {
			return plan.InstanceRegister, plan.RegisterInstance{ID: gate, Kind: plan.KindGate, State: plan.Ready}
		},
		func() (plan.Kind, any) { return plan.InstanceForget, plan.ForgetInstance{ID: gate} },
		func() (plan.Kind, any) {
			return plan.DecisionRecord, plan.RecordDecision{Actuator: "admission", Sentence: "limited by stock"}
		},
		func() (plan.Kind, any) {
			return plan.ControllerKeep, plan.KeepState{Controller: "admission", State: []byte(`{"z":1,  "a":"<&>"}`)}
		},
		func() (plan.Kind, any) { return plan.ChangeUndo, plan.UndoChange{At: uint64(r.IntN(2000))} },
		func() (plan.Kind, any) {
			return plan.OperatorSet, plan.SetOperator{
				Name: gate, Role: []plan.Role{plan.Viewer, plan.OnCall, plan.Commander}[r.IntN(3)], TokenHash: commitment(), ExpiresMS: nowMS + r.Int64N(5_000), // two are needed now and then
			}
		},
		func() (plan.Kind, any) {
			return plan.ProposalMake, plan.MakeProposal{Kind: plan.HoldRelease, Body: fmt.Appendf(nil, `{"scope":%q}`, cohort), UntilMS: nowMS + 60_000}
		},
		func() (plan.Kind, any) {
			return plan.ProposalMake, plan.MakeProposal{Kind: plan.CohortPhase, Body: fmt.Appendf(nil, `{"cohort":%q,"phase":"open"}`, cohort), UntilMS: nowMS + 600_000}
		},
		func() (plan.Kind, any) {
			return plan.ProposalApprove, plan.CloseProposal{ID: fmt.Sprintf("p%d", r.IntN(800))}
		},
		func() (plan.Kind, any) {
			return plan.ProposalApprove, plan.CloseProposal{ID: fmt.Sprintf("p%d", r.IntN(800))}
		},
		func() (plan.Kind, any) {
			return plan.IncidentOpen, plan.OpenIncident{Title: "slow", Severity: 1 + r.IntN(4)}
		},
		func() (plan.Kind, any) {
			return plan.IncidentUpdate, plan.UpdateIncident{ID: fmt.Sprintf("i%d", r.IntN(200)), Note: "n", Roles: map[string]string{"scribe": "lee"}}
		},
		func() (plan.Kind, any) { return plan.HandoverNote, plan.LeaveNote{Text: "all quiet"} },
		func() (plan.Kind, any) { return plan.ReplicasSet, plan.SetReplicas{Desired: new(r.IntN(30))} },
		func() (plan.Kind, any) {
			return plan.PassRevoke, plan.RevokePass{ID: fmt.Sprint(r.IntN(9)), UntilMS: nowMS + r.Int64N(30_000)}
		},
	}
	kind, body := bodies[r.IntN(len(bodies))]()
	c := command(t, kind, body)
	c.TimeMS, c.StampMS, c.Actor, c.Reason = nowMS-r.Int64N(300), nowMS, []string{"gate-1", "gate-2", plan.Installation, "kim", "lee"}[r.IntN(5)], "random"
	if r.IntN(2) == 0 {
		c.RequestID = fmt.Sprint(r.IntN(500))
	}
	if kind == plan.SegmentRenew || kind == plan.ControllerKeep {
		c.Term = 1
		if r.IntN(100) == 0 {
			c.Term = 0 // someone else poses as the leader
		}
	}
	return c
}

// Two nodes apply one history, one of them restarting from a snapshot now and
// then, and a follower takes in the changes. All must agree, and the serving
// number of a cohort never moves back.
func TestHistories(t *testing.T) {
	for seed := range uint64(60) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			playHistory(t, seed)
		})
	}
}

func playHistory(t *testing.T, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	e := newEvening(t)
	e.open("c40", 2)
	e.open("c50", 1)
	a, b, follower, nowMS := e.plan, e.plan, e.plan, e.nowMS
	renewals := 0
	for index := e.plan.Index + 1; index <= 800; index++ {
		nowMS += r.Int64N(1500)
		if r.IntN(40) == 0 {
			nowMS -= r.Int64N(5000) // another leader's clock
		}
		c := randomCommand(t, r, nowMS)
		before := a
		next, resultA, err := plan.Apply(a, index, c)
		if err != nil {
			t.Fatal(err)
		}
		a = next
		var resultB plan.Result
		if b, resultB, err = plan.Apply(b, index, c); err != nil {
			t.Fatal(err)
		}
		if resultA != resultB {
			t.Fatalf("index %d: %+v and %+v", index, resultA, resultB)
		}
		if r.IntN(100) == 0 {
			if b, err = plan.Decode(plan.Encode(b)); err != nil {
				t.Fatal(err)
			}
		}
		if changes := plan.Changes(before, a); len(changes) > 0 {
			if follower, err = follower.With(index, changes...); err != nil {
				t.Fatal(err)
			}
		}
		for id, s := range a.Segments {
			old, ok := before.Segments[id]
			if !ok || old.Index == s.Index {
				continue
			}
			renewals++
			if err := s.Current.Validate(); err != nil {
				t.Fatalf("index %d: %v", index, err)
			}
			for _, ms := range []int64{0, 50, 500, 5_000, 50_000} {
				at := s.Current.T0 + ms
				if ms == 0 && s.Current.At(at) < old.Current.At(at) {
					t.Fatalf("index %d: %s moved back from %d to %d", index, id, old.Current.At(at), s.Current.At(at))
				}
				if s.Current.At(at) < s.Current.Start {
					t.Fatalf("index %d: %s fell", index, id)
				}
			}
		}
	}
	if a.Hash() != b.Hash() || !bytes.Equal(plan.Encode(a), plan.Encode(b)) {
		t.Fatal("two nodes with one history differ")
	}
	if got := plan.Changes(follower, a); len(got) != 0 {
		t.Fatalf("a follower differs by %v", got)
	}
	if whole := plan.Changes(plan.New(), follower); !sameChanges(whole, plan.Changes(plan.New(), a)) {
		t.Fatal("a follower holds other values")
	}
	if renewals < 5 {
		t.Errorf("only %d segments, the history goes nowhere", renewals)
	}
}

func sameChanges(a, b []plan.Change) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Topic != b[i].Topic || a[i].Key != b[i].Key || !bytes.Equal(a[i].Value, b[i].Value) {
			return false
		}
	}
	return true
}

func TestDecodeRefusesDamage(t *testing.T) {
	e := newEvening(t)
	e.open("c40", 1)
	whole := plan.Encode(e.plan)
	if _, err := plan.Decode(whole); err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 0x20
		if p, err := plan.Decode(damaged); err == nil && p.Hash() != e.plan.Hash() {
			t.Fatalf("a flipped bit at %d went unnoticed", i)
		}
	}
	if _, err := plan.Decode(whole[:len(whole)/2]); err == nil {
		t.Error("half a snapshot decodes")
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(plan.Encode(plan.New()))
	f.Add([]byte("sunbeon-plan 1 \n{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := plan.Decode(data); err == nil {
			if _, err := plan.Decode(plan.Encode(p)); err != nil {
				t.Errorf("what was decoded does not encode: %v", err)
			}
		}
	})
}

func FuzzApply(f *testing.F) {
	f.Add("cohort.phase", []byte(`{"cohort":"c40","phase":"lobby"}`))
	f.Add("segment.renew", []byte(`{"cohort":"c40","rate_milli":9223372036854775807}`))
	f.Add("line.report", []byte(`{"cohort":"c40","gate":"g","issued":9223372036854775807,"high_water":9223372036854775807}`))
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		e := newEvening(t)
		e.open("c40", 1)
		e.report("c40", 100, 0)
		c := plan.Command{Kind: plan.Kind(kind), TimeMS: e.nowMS, Actor: "fuzz", Reason: "fuzz", Term: 1, Body: body}
		if _, refused := plan.Screen(e.plan, c); refused {
			return
		}
		next, result, err := plan.Apply(e.plan, e.plan.Index+1, c)
		if err != nil {
			return
		}
		if result.OK == (result.Code != "") {
			t.Errorf("neither taken nor refused: %+v", result)
		}
		if s, ok := next.Segments["c40"]; ok && s.Current.Validate() != nil {
			t.Errorf("segment %+v", s.Current)
		}
		if p, err := plan.Decode(plan.Encode(next)); err != nil || p.Hash() != next.Hash() {
			t.Errorf("the plan does not survive a restart: %v", err)
		}
	})
}
