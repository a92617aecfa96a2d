package opsapi

import (
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/observability"
	"sunbeon/internal/problem"
)

const (
	bearerScheme = "operator"
	// roleExtension names the least role in an operation's description.
	roleExtension = "x-sunbeon-role"
)

// authorize lets a request through to its operation when its operator's role
// reaches what the operation asks for: a commander's where it asks for none.
func (a *API) authorize(huma.API) func(huma.Context, func(huma.Context)) {
	return func(ctx huma.Context, next func(huma.Context)) {
		least := plan.Commander
		if role, named := ctx.Operation().Extensions[roleExtension].(plan.Role); named {
			least = role
		}
		r, w := humago.Unwrap(ctx)
		if r.Method != http.MethodGet && r.URL.Query().Get("propose") == "true" && rank(least) > rank(plan.OnCall) {
			least = plan.OnCall
		}
		operator, refused := a.operators.admit(r, least)
		a.note(r, operator, codeOf(refused))
		if refused != nil {
			challenge(w.Header(), refused)
			refused.Send(w)
			return
		}
		next(huma.WithValue(huma.WithValue(ctx, operatorKey{}, operator), contentKey{}, watchContent(r)))
	}
}

func codeOf(refused *problem.Problem) string {
	if refused == nil {
		return ""
	}
	return refused.Code
}

func challenge(h http.Header, refused *problem.Problem) {
	if refused.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="sunbeon"`)
	}
}

// registrar describes operations alike.
type registrar struct{ api huma.API }

// operation is the common part of an endpoint's description. The problem
// document is described once, as the answer to anything that fails.
func (r registrar) operation(least plan.Role, method, path, id, summary string) huma.Operation {
	tag := strings.Split(strings.TrimPrefix(path, "/v1/"), "/")[0]
	return huma.Operation{
		OperationID: id,
		Method:      method,
		Path:        path,
		Summary:     summary,
		Tags:        []string{tag},
		Security:    []map[string][]string{{bearerScheme: {}}},
		Extensions:  map[string]any{roleExtension: least},
		Responses: map[string]*huma.Response{"default": {
			Description: "Refused; `code` is stable",
			Content: map[string]*huma.MediaType{problem.ContentType: {
				Schema: r.problem(),
			}},
		}},
	}
}

// problem describes a problem document, which may have members of its own.
func (r registrar) problem() *huma.Schema {
	schema := huma.SchemaFromType(r.api.OpenAPI().Components.Schemas, problemType)
	schema.AdditionalProperties = true
	return schema
}

// measuredMux measures every operation under its pattern.
type measuredMux struct {
	*http.ServeMux
	o *observability.Observability
}

func (m measuredMux) HandleFunc(pattern string, h func(http.ResponseWriter, *http.Request)) {
	_, route, _ := strings.Cut(pattern, " ")
	m.Handle(pattern, m.o.Route(route, http.HandlerFunc(h)))
}
