package gate

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/waitingroom/fairness"
)

// TestTheDescriptionIsTrue holds the hand-kept API document and the routes
// together, both ways.
func TestTheDescriptionIsTrue(t *testing.T) {
	var document struct {
		OpenAPI string `json:"openapi"`
		Paths   map[string]map[string]struct {
			OperationID string                     `json:"operationId"`
			Responses   map[string]json.RawMessage `json:"responses"`
			Parameters  []struct {
				Name string `json:"name"`
				In   string `json:"in"`
			} `json:"parameters"`
		} `json:"paths"`
	}
	if err := json.Unmarshal(openAPI, &document); err != nil {
		t.Fatal(err)
	}
	if document.OpenAPI != "3.1.0" {
		t.Errorf("OpenAPI %s", document.OpenAPI)
	}
	described := map[string]bool{}
	operations := map[string]bool{}
	for path, methods := range document.Paths {
		for method, operation := range methods {
			described[strings.ToUpper(method)+" "+path] = true
			if operation.OperationID == "" || operations[operation.OperationID] {
				t.Errorf("%s %s has no operation id of its own", method, path)
			}
			operations[operation.OperationID] = true
			if len(operation.Responses) == 0 {
				t.Errorf("%s %s describes no response", method, path)
			}
			for segment := range strings.SplitSeq(path, "/") {
				name, isParameter := strings.CutPrefix(segment, "{")
				name = strings.TrimSuffix(name, "}")
				if isParameter && !slices.ContainsFunc(operation.Parameters, func(p struct {
					Name string `json:"name"`
					In   string `json:"in"`
				}) bool {
					return p.In == "path" && p.Name == name
				}) {
					t.Errorf("%s %s does not describe {%s}", method, path, name)
				}
			}
		}
	}
	registered := map[string]bool{}
	g := &Gate{booking: &bookingProxy{}, publisher: &fairness.Publisher{}}
	for _, r := range g.routes() {
		if !r.page {
			registered[r.pattern] = true
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(registered)), slices.Sorted(maps.Keys(described))); diff != "" {
		t.Errorf("registered (-) and described (+) differ:\n%s", diff)
	}
}

func TestTheDescriptionResolves(t *testing.T) {
	var document map[string]any
	if err := json.Unmarshal(openAPI, &document); err != nil {
		t.Fatal(err)
	}
	schemas := document["components"].(map[string]any)["schemas"].(map[string]any)
	var walk func(any)
	walk = func(node any) {
		switch node := node.(type) {
		case map[string]any:
			if ref, ok := node["$ref"].(string); ok {
				if _, known := schemas[strings.TrimPrefix(ref, "#/components/schemas/")]; !known {
					t.Errorf("%s leads nowhere", ref)
				}
			}
			for _, child := range node {
				walk(child)
			}
		case []any:
			for _, child := range node {
				walk(child)
			}
		}
	}
	walk(document)
}
