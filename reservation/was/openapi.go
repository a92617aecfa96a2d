package was

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sunbeon/internal/problem"
	"sunbeon/reservation/credential"
)

// parameters explain those that do not explain themselves.
var parameters = map[string]string{
	"cursor":      "Where to go on: next of the page before.",
	"limit":       "Entries a page, 1 to 200.",
	"q":           "Part of the name, in either case.",
	"widen":       "true: where the district has nothing free, list the province.",
	"slots":       "1 to 50: list each institution with so many of its first free slots, on a page of 20 at most.",
	"eligibility": "true: also tell whether the person may book, as GET /v1/eligibility does.",
	"birth":       "Date of birth that the person gives, like 1990-02-28, in place of their login.",
	"reason":      "Why, for the record: 1 to 200 characters.",
	"after":       "A position that was given out.",
}

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// describe serves the OpenAPI 3.1 description, made from the routes themselves
// and the Go types they take and give.
func describe(routes []route) http.Handler {
	d := description{registry: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)}
	api := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Sunbeon booking server", Version: "1",
			Description: "Behind the gate: mutual TLS, role gate, or a socket of the gate's machine. Under /staff, people who act for others, each with a certificate of " +
				"the role staff in their own name; they say why, and it is on record. Errors are application/problem+json with a stable code.",
		},
		Components: &huma.Components{
			Schemas: d.registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"login": {Type: "apiKey", In: "cookie", Name: credential.LoginCookie, Description: "Who: from the identity check."},
				"pass":  {Type: "apiKey", In: "cookie", Name: credential.PassCookie, Description: "May be in: from the line. Also taken as a bearer token."},
			},
		},
		Paths: map[string]*huma.PathItem{},
	}
	for _, r := range routes {
		api.AddOperation(d.operation(r))
	}
	document, err := json.Marshal(api)
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if err != nil {
			problem.Write(w, http.StatusInternalServerError, "internal", err.Error())
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.Write(document)
	})
}

type description struct{ registry huma.Registry }

func (d description) operation(r route) *huma.Operation {
	method, path, _ := strings.Cut(r.pattern, " ")
	op := &huma.Operation{
		Method: method, Path: path, Summary: r.summary,
		OperationID: strings.Trim(regexp.MustCompile(`\W+`).ReplaceAllString(strings.ToLower(r.pattern), "-"), "-"),
		Responses:   map[string]*huma.Response{},
	}
	switch {
	case r.pass:
		op.Security = []map[string][]string{{"login": {}, "pass": {}}}
	case slices.Contains(r.codes, "login_required"):
		op.Security = []map[string][]string{{"login": {}}}
	}
	if slices.Contains(r.query, "birth") { // stands in for the login
		op.Security = append(op.Security, map[string][]string{})
	}
	text := &huma.Schema{Type: huma.TypeString}
	for _, name := range pathParameter.FindAllStringSubmatch(path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name[1], In: "path", Required: true, Schema: text})
	}
	for _, name := range r.query {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "query", Schema: text, Required: name == "reason", Description: parameters[name]})
	}
	if r.keyed != noKey {
		op.Parameters = append(op.Parameters, &huma.Param{
			Name: "Idempotency-Key", In: "header", Required: r.keyed == needsKey, Schema: text,
			Description: "1 to 200 printable ASCII characters, new for every wish and the same for every attempt at it.",
		})
	}
	if r.takes != nil {
		op.RequestBody = &huma.RequestBody{Required: true, Content: d.content("application/json", r.takes)}
	}
	op.Responses[strconv.Itoa(r.success)] = &huma.Response{
		Description: http.StatusText(r.success), Content: d.content("application/json", r.gives),
	}
	byStatus := map[int][]any{}
	for _, code := range r.codes {
		byStatus[problems[code]] = append(byStatus[problems[code]], code)
	}
	for status, codes := range byStatus {
		op.Responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Content: d.problem(codes)}
	}
	return op
}

// Refusal is a problem document with the members that some codes add.
type Refusal struct {
	problem.Problem
	Number       string        `json:"number,omitempty" doc:"already_booked: the booking there is."`
	Alternatives []Alternative `json:"alternatives,omitempty" doc:"slot_taken: the nearest free slots, nearest first."`
	System       string        `json:"system,omitempty" doc:"upstream_down, upstream_refused: which system."`
	Works        []string      `json:"works,omitempty" doc:"upstream_down: what goes on without it."`
	Reason       string        `json:"reason,omitempty" doc:"not_eligible, upstream_refused: a stable code of why."`
	Appeal       string        `json:"appeal,omitempty" doc:"not_eligible: what to do if it is wrong."`
}

// problem is a problem document with one of the codes.
func (d description) problem(codes []any) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{problem.ContentType: {Schema: &huma.Schema{
		AllOf:      []*huma.Schema{d.registry.Schema(reflect.TypeFor[Refusal](), true, "")},
		Type:       huma.TypeObject,
		Properties: map[string]*huma.Schema{"code": {Type: huma.TypeString, Enum: codes}},
	}}}
}

func (d description) content(mediaType string, body any) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{mediaType: {Schema: d.registry.Schema(reflect.TypeOf(body), true, "")}}
}
