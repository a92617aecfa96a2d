package legacy

import (
	"net/http"
	"reflect"
	"regexp"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sunbeon/internal/problem"
)

var pathParameter = regexp.MustCompile(`\{(\w+)\}`)

// describe makes the OpenAPI 3.1 description from the routes and the Go types
// they take and give.
func describe(routes []route) *huma.OpenAPI {
	registry := huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer)
	api := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title:       "Sunbeon legacy simulator",
			Version:     "1",
			Description: "Simulates identity, eligibility and stock. Endpoints that name roles are on the private listener and need a client certificate of one of them. Errors are application/problem+json with a stable code.",
		},
		Components: &huma.Components{Schemas: registry},
		Paths:      map[string]*huma.PathItem{},
	}
	content := func(mediaType string, body any) map[string]*huma.MediaType {
		return map[string]*huma.MediaType{mediaType: {Schema: registry.Schema(reflect.TypeOf(body), true, "")}}
	}
	for _, r := range routes {
		method, path, _ := strings.Cut(r.pattern, " ")
		operation := &huma.Operation{
			Method:      method,
			Path:        path,
			OperationID: strings.Trim(regexp.MustCompile(`\W+`).ReplaceAllString(strings.ToLower(r.pattern), "-"), "-"),
			Summary:     r.summary,
			Responses:   map[string]*huma.Response{},
		}
		if len(r.roles) > 0 {
			operation.Description = "Private listener; roles: " + strings.Join(r.roles, ", ") + "."
		}
		for _, name := range pathParameter.FindAllStringSubmatch(path, -1) {
			operation.Parameters = append(operation.Parameters, &huma.Param{
				Name: name[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString},
			})
		}
		if r.takes != nil {
			operation.RequestBody = &huma.RequestBody{Required: true, Content: content("application/json", r.takes)}
		}
		success := &huma.Response{Description: http.StatusText(r.success)}
		if r.gives != nil {
			success.Content = content("application/json", r.gives)
		}
		operation.Responses[strconv.Itoa(r.success)] = success
		for _, status := range r.errors {
			operation.Responses[strconv.Itoa(status)] = &huma.Response{
				Description: http.StatusText(status),
				Content:     content(problem.ContentType, problem.Problem{}),
			}
		}
		api.AddOperation(operation)
	}
	return api
}
