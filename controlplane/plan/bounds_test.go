package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// bodies are the types of all bodies.
var bodies = map[Kind]any{
	CohortDefine: DefineCohort{}, CohortApprove: ApproveCohort{}, CohortPhase: MovePhase{}, CohortPostpone: PostponeCohort{},
	DrawSeal: SealDraw{}, DrawReveal: RevealDraw{}, DrawValue: NameValue{}, PassesVoid: VoidPasses{},
	SegmentRenew: RenewSegment{}, LineReport: ReportLine{}, AdmissionConfigure: ConfigureAdmission{},
	OverrideSet: SetOverride{}, OverrideClear: ClearOverride{}, HoldSet: SetHold{}, HoldRelease: ReleaseHold{},
	FreezeSet: SetFreeze{}, FreezeRelease: ReleaseFreeze{}, ReplicasSet: SetReplicas{},
	InstanceRegister: RegisterInstance{}, InstanceReport: ReportInstance{}, InstanceForget: ForgetInstance{},
	PassRevoke: RevokePass{}, CheckpointPublish: PublishCheckpoint{}, DecisionRecord: RecordDecision{}, ControllerKeep: KeepState{},
	OperatorSet: SetOperator{}, OperatorRemove: RemoveOperator{}, ClusterVersion: RaiseVersion{},
	ProposalMake: MakeProposal{}, ProposalApprove: CloseProposal{}, ProposalWithdraw: CloseProposal{}, ChangeUndo: UndoChange{},
	IncidentOpen: OpenIncident{}, IncidentUpdate: UpdateIncident{}, HandoverNote: LeaveNote{},
	TrialRecord: RecordTrial{}, MemberAdd: AddMember{}, MemberRemove: RemoveMember{},
}

// author writes bodies of any type by the names of their fields: sensible often
// enough to be taken, and now and then larger than anything may be.
type author struct {
	*rand.Rand
	nowMS int64
	index uint64
}

func (a author) fill(name string, v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for i := range v.NumField() {
			field := v.Type().Field(i)
			tag, _, _ := strings.Cut(field.Tag.Get("json"), ",")
			if a.IntN(8) > 0 || field.Tag.Get("json") == tag { // optional ones are left out now and then
				a.fill(tag, v.Field(i))
			}
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		a.fill(name, v.Elem())
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range a.IntN(20) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			a.fill("key", key)
			a.fill(name, value)
			v.SetMapIndex(key, value)
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			v.SetBytes(fmt.Appendf(nil, "%q", strings.Repeat("x", a.length(5_000))))
			return
		}
		for range a.IntN(3) {
			element := reflect.New(v.Type().Elem()).Elem()
			a.fill(name, element)
			v.Set(reflect.Append(v, element))
		}
	case reflect.String:
		v.SetString(a.text(name))
	case reflect.Bool:
		v.SetBool(a.IntN(2) == 0)
	case reflect.Uint64:
		v.SetUint(a.index - uint64(a.IntN(100)))
	default:
		v.SetInt(a.number(name))
	}
}

func (a author) text(name string) string {
	one := func(of ...string) string { return of[a.IntN(len(of))] }
	switch name {
	case "cohort":
		return fmt.Sprintf("c%d", a.IntN(400))
	case "scope":
		return one(All, TargetAdmission, fmt.Sprintf("c%d", a.IntN(400)))
	case "target":
		return one(TargetAdmission, TargetReplicas)
	case "state":
		return one(Starting, Ready)
	case "phase":
		return one(string(Lobby), string(Sealed), string(Open), string(Paused), string(Closed))
	case "role":
		return one(string(Viewer), string(OnCall), string(Commander))
	case "mode":
		return one(string(Auto), string(Off))
	case "order":
		return OrderFirstCome
	case "check":
		return one(TrialBreakGlass, TrialPersons)
	case "token_hash", "root", "seed", "secret", "commitment":
		return strings.Repeat(fmt.Sprintf("%02x", a.IntN(4)), 32)
	case "private_url":
		return "https://10.0.0.1:8808"
	case "birth_from", "birth_to":
		return "1980-01-01"
	case "kind":
		return one(string(HoldRelease), string(MemberAdd), KindGate, KindWAS)
	case "text", "note", "title", "detail", "sentence", "drafts":
		return strings.Repeat("가", a.length(2_500))
	case "id":
		return fmt.Sprintf("%s%d", one("i", "p", "x"), a.IntN(int(a.index)))
	}
	return fmt.Sprintf("%s-%d", name, a.IntN(2_000))
}

// length is mostly that of a sentence, and now and then more than any bound.
func (a author) length(most int) int {
	if a.IntN(8) > 0 {
		most = 40
	}
	return a.IntN(1 + a.IntN(most))
}

func (a author) number(name string) int64 {
	switch {
	case name == "lobby_ms":
		return a.nowMS + 1
	case name == "close_ms":
		return a.nowMS + 7_200_000
	case name == "open_ms" || name == "until_ms":
		return a.nowMS + a.Int64N(3_600_000)
	case name == "seal_ms":
		return 0
	case name == "min_version":
		return 1
	case a.IntN(20) == 0:
		return a.Int64() - a.Int64()
	}
	return a.Int64N(9)
}

// bounds are the sections that grow, and how far.
var bounds = map[string]int{
	"Cohorts": maxCohorts, "Segments": maxCohorts, "Lines": maxLines, "Instances": maxInstances, "Overrides": 2,
	"Holds": maxCohorts + 1, "Freezes": 3, "Passes": maxRevocations, "Checkpoints": maxCheckpoints,
	"Controllers": maxControllers, "Operators": maxOperators, "Decisions": MaxDecisions, "Proposals": maxProposals,
	"Undos": maxUndos, "Incidents": maxIncidents, "Members": maxMembers, "Handovers": maxHandovers, "Trials": maxTrials,
}

func TestEverySectionIsBounded(t *testing.T) {
	t.Parallel()
	for kind := range rules {
		if _, known := bodies[kind]; !known {
			t.Errorf("no body of %s is tried", kind)
		}
	}
	sections := reflect.TypeFor[Plan]()
	for i := range sections.NumField() {
		f := sections.Field(i)
		if k := f.Type.Kind(); f.IsExported() && (k == reflect.Map || k == reflect.Slice) && bounds[f.Name] == 0 {
			t.Errorf("%s has no bound", f.Name)
		}
	}
	kinds := []Kind{}
	// What others build upon, or fills slowly, comes more often.
	kinds = append(kinds, slices.Repeat([]Kind{CohortDefine, DecisionRecord, IncidentOpen, TrialRecord}, 6)...)
	for kind := range bodies {
		kinds = append(kinds, kind)
	}
	slices.Sort(kinds)

	p, q := New(), New()
	r := rand.New(rand.NewPCG(6, 6))
	taken, full := map[Kind]int{}, map[string]bool{}
	for index := uint64(1); index <= 30_000; index++ {
		a := author{Rand: r, nowMS: 1_700_000_000_000 + int64(index)*40, index: index}
		kind := kinds[r.IntN(len(kinds))]
		body := reflect.New(reflect.TypeOf(bodies[kind])).Elem()
		a.fill("", body)
		c, err := NewCommand(kind, body.Interface())
		if err != nil {
			t.Fatal(err)
		}
		c.TimeMS, c.StampMS, c.Actor, c.Reason = a.nowMS, a.nowMS, fmt.Sprintf("name-%d", r.IntN(2_000)), "random"
		if r.IntN(3) == 0 {
			c.Actor = Installation
		}
		if rules[kind].leader {
			c.Term = 1
		}
		c.RequestID = fmt.Sprint(r.IntN(100_000))
		var result, again Result
		if p, result, err = Apply(p, index, c); err != nil {
			t.Fatalf("%s: %v", kind, err)
		}
		if q, again, err = Apply(q, index, c); err != nil || again != result {
			t.Fatalf("%s: %+v, another node %+v, %v", kind, result, again, err)
		}
		if result.OK {
			taken[kind]++
		}
		if index%5_000 != 0 {
			continue
		}
		if q, err = Decode(Encode(q)); err != nil || !bytes.Equal(Encode(p), Encode(q)) {
			t.Fatalf("index %d: a node that restarted differs: %v", index, err)
		}
		v := reflect.ValueOf(p).Elem()
		for name, bound := range bounds {
			switch n := v.FieldByName(name).Len(); {
			case n > bound:
				t.Fatalf("index %d: %d %s, more than %d", index, n, name, bound)
			case n == bound:
				full[name] = true
			}
		}
		if n := p.window.queue.Len(); n > windowEntries || n != p.window.answers.Len() {
			t.Fatalf("index %d: %d request ids are remembered, %d answers", index, n, p.window.answers.Len())
		}
	}
	for kind := range bodies {
		if taken[kind] == 0 && kind != DrawSeal && kind != DrawReveal && kind != DrawValue {
			t.Errorf("%s was never taken", kind)
		}
	}
	for _, name := range []string{"Cohorts", "Controllers", "Checkpoints", "Decisions", "Incidents", "Members", "Handovers", "Undos", "Trials"} {
		if !full[name] {
			t.Errorf("%s never became full: %d", name, reflect.ValueOf(p).Elem().FieldByName(name).Len())
		}
	}
}

func TestBodiesHaveALimit(t *testing.T) {
	for kind, r := range rules {
		c := Command{Kind: kind, TimeMS: 1, Actor: "kim", Reason: "r", Body: fmt.Appendf(nil, `{"x":%q}`, strings.Repeat("x", r.maxBody()))}
		if r.leader {
			c.Term = 1
		}
		if _, result, err := Apply(New(), 1, c); err != nil || result.Code != TooLarge {
			t.Errorf("%s: %+v, %v", kind, result, err)
		}
		if r.maxBody() > MaxBody {
			t.Errorf("%s may be larger than what is let into the log", kind)
		}
	}
}

// A kind of the next version is refused, and stays out of the log, until every
// node is of that version.
func TestNewKindsWaitForEveryNode(t *testing.T) {
	const kind = "evening.cancel"
	rules[kind] = rule{since: 2, apply: func(*draft) error { return nil }}
	defer delete(rules, kind)
	c := Command{Kind: kind, TimeMS: 1, Body: []byte(`{}`)}
	p := New()
	if r, refused := Screen(p, c); !refused || r.Code != Gated {
		t.Errorf("let into the log: %+v", r)
	}
	if _, r, err := Apply(p, 1, c); err != nil || r.Code != Gated {
		t.Errorf("%+v, %v", r, err)
	}
	p.Cluster.MinVersion = 2
	if r, refused := Screen(p, c); refused {
		t.Errorf("kept out: %+v", r)
	}
	if _, r, err := Apply(p, 1, c); err != nil || !r.OK {
		t.Errorf("%+v, %v", r, err)
	}
}
