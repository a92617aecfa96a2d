package opsapi_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"sunbeon/controlplane/plan"
)

// described is a world and what its API says of itself.
type described struct {
	*world
	document *openapi3.T
	router   routers.Router
	address  int // of the last that asked
}

func newDescribed(t testing.TB) *described {
	w := newWorld(t)
	resp, err := http.Get(w.ops.URL + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	document, err := openapi3.NewLoader().LoadFromData(raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := document.Validate(context.Background()); err != nil {
		t.Fatalf("the description is not OpenAPI %s: %v", document.OpenAPI, err)
	}
	document.Servers = openapi3.Servers{{URL: w.ops.URL}}
	router, err := legacy.NewRouter(document)
	if err != nil {
		t.Fatal(err)
	}
	return &described{world: w, document: document, router: router}
}

// operations are those described, but for the watch, which does not end.
func (d *described) operations() (all []operation) {
	for _, path := range slices.Sorted(maps.Keys(d.document.Paths.Map())) {
		for method, of := range d.document.Paths.Value(path).Operations() {
			if path != "/v1/watch" {
				all = append(all, operation{method, path, of})
			}
		}
	}
	slices.SortFunc(all, func(x, y operation) int { return strings.Compare(x.of.OperationID, y.of.OperationID) })
	return all
}

type operation struct {
	method, path string
	of           *openapi3.Operation
}

var parameter = regexp.MustCompile(`\{[^}]+\}`)

// at fills in the path's parameters.
func (o operation) at(value string) string {
	return parameter.ReplaceAllLiteralString(o.path, url.PathEscape(value))
}

var stableCode = regexp.MustCompile(`^[a-z_]+$`)

// ask sends a commander's request and holds the answer against the
// description: its status, its headers, its body; a refusal is a problem with a
// stable code, and nothing is the server's fault.
func (d *described) ask(o operation, target string, body []byte) (status int) {
	d.t.Helper()
	req, err := http.NewRequest(o.method, d.ops.URL+target, bytes.NewReader(body))
	if err != nil {
		return 0 // no client can send it
	}
	req.Header.Set("Authorization", "Bearer "+commanderToken)
	if len(body) > 0 {
		req.Header.Set("Content-Type", "application/json")
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		d.t.Fatalf("%s %s: %v", o.method, target, err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	if resp.StatusCode >= 500 {
		d.t.Errorf("%s %s %.200s: %s\n%s", o.method, target, body, resp.Status, answer)
	}
	path := target
	if cut := strings.IndexByte(target, '?'); cut >= 0 {
		path = target[:cut]
	}
	route, parameters, err := d.router.FindRoute(mustRequest(o.method, d.ops.URL+path))
	if err != nil { // a path like none that is described
		if p := problemIn(answer); resp.StatusCode != http.StatusNotFound || p.Code != "no_such_operation" {
			d.t.Errorf("%s %s, which is not described: %s\n%s", o.method, target, resp.Status, answer)
		}
		return resp.StatusCode
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: &openapi3filter.RequestValidationInput{Request: req, Route: route, PathParams: parameters},
		Status:                 resp.StatusCode, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(answer)),
		Options: &openapi3filter.Options{IncludeResponseStatus: true},
	})
	if err != nil {
		d.t.Errorf("%s %s: an answer that is not as described: %v\n%.500s", o.method, target, err, answer)
	}
	if resp.StatusCode >= 400 {
		p := problemIn(answer)
		if got := resp.Header.Get("Content-Type"); got != "application/problem+json" || !stableCode.MatchString(p.Code) || p.Status != resp.StatusCode {
			d.t.Errorf("%s %s %.200s: %s is no problem with a code: %s %s", o.method, target, body, resp.Status, got, answer)
		}
	}
	return resp.StatusCode
}

func mustRequest(method, target string) *http.Request {
	req, err := http.NewRequest(method, target, nil)
	if err != nil {
		panic(err) // it has been sent
	}
	return req
}

func TestDescriptionIsValidAndTrue(t *testing.T) {
	d := newDescribed(t)
	if !strings.HasPrefix(d.document.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %s", d.document.OpenAPI)
	}
	d.fillPlan()
	reads := 0
	for _, o := range d.operations() {
		if o.of.Summary == "" || o.of.OperationID == "" || len(o.of.Tags) == 0 {
			t.Errorf("%s %s does not describe itself", o.method, o.path)
		}
		if o.method != http.MethodGet {
			continue
		}
		reads++
		target := o.at("tonight")
		if strings.Contains(o.path, "{journal}") {
			target = o.at("commands")
		}
		if status := d.ask(o, target, nil); status != http.StatusOK {
			t.Errorf("%s: %d", target, status)
		}
	}
	if reads < 12 {
		t.Errorf("only %d reads are described", reads)
	}
}

// fillPlan puts something into every section people see.
func (d *described) fillPlan() {
	d.submit(plan.CohortDefine, plan.DefineCohort{Cohort: cohort("tonight")})
	d.submit(plan.InstanceRegister, plan.RegisterInstance{ID: "gate-1", Kind: plan.KindGate, State: plan.Ready})
	d.submit(plan.OverrideSet, plan.SetOverride{Target: plan.TargetAdmission, Value: 1_000, UntilMS: time.Now().Add(time.Hour).UnixMilli()})
	d.submit(plan.FreezeSet, plan.SetFreeze{Scope: plan.All, UntilMS: time.Now().Add(time.Hour).UnixMilli()})
	d.submit(plan.HoldSet, plan.SetHold{Scope: plan.All})
	d.submit(plan.DecisionRecord, plan.RecordDecision{Actuator: "admission", Sentence: "limited by stock", Record: []byte(`{"x":[1,2]}`)})
	d.submit(plan.IncidentOpen, plan.OpenIncident{Title: "slow", Severity: 2})
	d.submit(plan.HandoverNote, plan.LeaveNote{Text: "all quiet"})
	d.submit(plan.TrialRecord, plan.RecordTrial{Check: plan.TrialPersons, Subject: "tonight", OK: true})
	d.submit(plan.ProposalMake, plan.MakeProposal{Kind: plan.HoldRelease, Body: []byte(`{"scope":"all"}`), UntilMS: time.Now().Add(time.Hour).UnixMilli()})
	d.submit(plan.PassRevoke, plan.RevokePass{ID: "pass-1", UntilMS: time.Now().Add(time.Hour).UnixMilli()})
	d.submit(plan.CheckpointPublish, plan.PublishCheckpoint{Origin: "line", Size: 1, Root: strings.Repeat("ab", 32)})
}

// oddities are what somebody may send for any member, and in any path.
var oddities = []string{
	`null`, `""`, `"x"`, `-1`, `0`, `1`, `1e400`, `9223372036854775807`, `1.5`, `true`, `[]`, `{}`, `[[[[]]]]`, `{"x":{"x":[]}}`,
	`"\u0000\ud800"`, `"` + strings.Repeat("가", 3_000) + `"`, `"all"`, `"tonight"`, `"2021-07-19"`,
}

// bodies are an operation's own body with one member after the other made odd,
// and some that are none.
func (o operation) bodies(r *rand.Rand) (all [][]byte) {
	all = [][]byte{nil, []byte(`{`), []byte(`[]`), []byte(`null`), []byte(`"x"`), []byte(`{"reason":"r"}`), []byte(`{"reason":"r","no such member":1}`),
		bytes.Repeat([]byte(`[`), 20_000), fmt.Appendf(nil, `{"reason":%q}`, strings.Repeat("x", 2<<20))}
	if o.of.RequestBody == nil {
		return all
	}
	schema := o.of.RequestBody.Value.Content.Get("application/json").Schema.Value
	names := slices.Sorted(maps.Keys(schema.Properties))
	for _, odd := range names {
		for range 4 {
			members := []string{}
			for _, name := range names {
				value := plain(schema.Properties[name].Value)
				if name == odd {
					value = oddities[r.IntN(len(oddities))]
				}
				members = append(members, fmt.Sprintf("%q:%s", name, value))
			}
			all = append(all, []byte("{"+strings.Join(members, ",")+"}"))
		}
	}
	return all
}

// plain is a value that a member's schema may take.
func plain(s *openapi3.Schema) string {
	switch {
	case len(s.Enum) > 0:
		return fmt.Sprintf("%q", s.Enum[0])
	case s.Type == nil:
		return `{}`
	case s.Type.Includes("integer"), s.Type.Includes("number"):
		return "2000"
	case s.Type.Includes("boolean"):
		return "false"
	case s.Type.Includes("array"):
		return "[]"
	case s.Type.Includes("object"):
		return "{}"
	case strings.HasPrefix(s.Pattern, "^[0-9a-f]{64}"):
		return `"` + strings.Repeat("ab", 32) + `"`
	}
	return `"abcd"`
}

func TestNoBodyIsTheServersFault(t *testing.T) {
	d := newDescribed(t)
	d.fillPlan()
	r := rand.New(rand.NewPCG(1, 6))
	statuses := map[int]int{}
	for _, o := range d.operations() {
		for _, body := range o.bodies(r) {
			if o.method == http.MethodGet && body != nil {
				continue
			}
			statuses[d.ask(o, o.at([]string{"tonight", "all", "admission", "1"}[r.IntN(4)]), body)]++
		}
		for _, odd := range []string{"..", "%", "a/b", "a b", "\x00", strings.Repeat("x", 5_000), "-1", "18446744073709551616", "가"} {
			query := "?consistency=" + url.QueryEscape(odd) + "&limit=" + url.QueryEscape(odd) + "&since=" + url.QueryEscape(odd) + "&reason=" + url.QueryEscape(odd) + "&seen=" + url.QueryEscape(odd)
			statuses[d.ask(o, o.at(odd), []byte(`{"reason":"r"}`))]++
			statuses[d.ask(o, o.at("tonight")+query, nil)]++
		}
	}
	if statuses[200] == 0 || statuses[422] == 0 || statuses[404] == 0 || statuses[409]+statuses[403] == 0 {
		t.Errorf("answers by status: %v: the bodies go nowhere", statuses)
	}
}

func FuzzBodies(f *testing.F) {
	d := newDescribed(f)
	d.fillPlan()
	all := d.operations()
	r := rand.New(rand.NewPCG(2, 6))
	for n, o := range all {
		for _, body := range o.bodies(r) {
			if len(body) < 1_000 {
				f.Add(n, "tonight", body)
			}
		}
	}
	f.Fuzz(func(t *testing.T, n int, name string, body []byte) {
		o := all[(n%len(all)+len(all))%len(all)]
		inside := &described{world: &world{t: t, node: d.node, ops: d.ops}, document: d.document, router: d.router}
		inside.ask(o, o.at(name), body)
	})
}
