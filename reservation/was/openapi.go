package was

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sunbeon/internal/problem"
)

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// describe serves the OpenAPI 3.1 description, made from the routes themselves
// and the Go types they take and give.
func describe(routes []route) http.Handler {
	d := description{registry: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)}
	api := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Sunbeon booking server", Version: "1",
			Description: "Behind the gate: mutual TLS, role gate. Errors are application/problem+json with a stable code.",
		},
		Components: &huma.Components{
			Schemas: d.registry,
			SecuritySchemes: map[string]*huma.SecurityScheme{
				"login": {Type: "apiKey", In: "cookie", Name: loginCookie, Description: "Who: from the identity check."},
				"pass":  {Type: "apiKey", In: "cookie", Name: passCookie, Description: "May be in: from the line. Also taken as a bearer token."},
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
	if strings.HasPrefix(path, "/v1/") {
		op.Security = []map[string][]string{{"login": {}}}
		if r.pass {
			op.Security[0]["pass"] = []string{}
		}
	}
	text := &huma.Schema{Type: huma.TypeString}
	for _, name := range pathParameter.FindAllStringSubmatch(path, -1) {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name[1], In: "path", Required: true, Schema: text})
	}
	for _, name := range r.query {
		op.Parameters = append(op.Parameters, &huma.Param{Name: name, In: "query", Schema: text})
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
	for _, status := range r.errors {
		op.Responses[strconv.Itoa(status)] = &huma.Response{
			Description: http.StatusText(status), Content: d.content(problem.ContentType, problem.Problem{}),
		}
	}
	return op
}

func (d description) content(mediaType string, body any) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{mediaType: {Schema: d.registry.Schema(reflect.TypeOf(body), true, "")}}
}
