package was_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"sunbeon/internal/problem"
)

// contract is the API description as a client reads it. Every answer of every
// test is held against it.
type contract struct {
	OpenAPI    string
	Paths      map[string]map[string]operation
	Components struct{ Schemas map[string]*schema }
}

type operation struct {
	Responses map[string]struct {
		Content map[string]struct{ Schema *schema }
	}
	Security []map[string][]string
}

// schema is the part of JSON Schema the description uses.
type schema struct {
	Ref                  string `json:"$ref"`
	Type                 any    // a name, or several
	Format               string
	Enum                 []any
	Required             []string
	Properties           map[string]*schema
	AdditionalProperties any // false, or what else may be there
	Items                *schema
	AllOf                []*schema
}

func readContract(t testing.TB, from *http.Client, url string) *contract {
	t.Helper()
	resp, err := from.Get(url + "/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var c contract
	if err := json.NewDecoder(resp.Body).Decode(&c); err != nil {
		t.Fatal(err)
	}
	return &c
}

// codes are those of all problems described, and of a route that is not there.
func (c *contract) codes() map[string]bool {
	all := map[string]bool{"not_found": true, "method_not_allowed": true}
	for _, operations := range c.Paths {
		for _, op := range operations {
			for _, response := range op.Responses {
				if refusal := response.Content[problem.ContentType].Schema; refusal != nil {
					for _, code := range refusal.Properties["code"].Enum {
						all[code.(string)] = true
					}
				}
			}
		}
	}
	return all
}

var parameter = regexp.MustCompile(`\\\{\w+\\\}`)

// operation finds what describes a request: the path with the fewest parameters.
func (c *contract) operation(method, path string) (operation, bool) {
	path, _, _ = strings.Cut(path, "?")
	best, found := "", false
	for pattern, operations := range c.Paths {
		re := regexp.MustCompile("^" + parameter.ReplaceAllString(regexp.QuoteMeta(pattern), "[^/]+") + "$")
		if _, ok := operations[strings.ToLower(method)]; ok && re.MatchString(path) && (!found || strings.Count(pattern, "{") < strings.Count(best, "{")) {
			best, found = pattern, true
		}
	}
	return c.Paths[best][strings.ToLower(method)], found
}

// check says what about an answer is not as described.
func (c *contract) check(method, path string, status int, mediaType string, body []byte) error {
	op, ok := c.operation(method, path)
	if !ok {
		return fmt.Errorf("%s %s is not described", method, path)
	}
	response, ok := op.Responses[fmt.Sprint(status)]
	if !ok {
		return fmt.Errorf("%s %s: %d is not described: %s", method, path, status, body)
	}
	content, ok := response.Content[mediaType]
	if !ok {
		return fmt.Errorf("%s %s: %d as %q is not described", method, path, status, mediaType)
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	if err := c.validate(content.Schema, value, "answer"); err != nil {
		return fmt.Errorf("%s %s: %d: %w", method, path, status, err)
	}
	return nil
}

func (c *contract) validate(s *schema, value any, at string) error {
	if s == nil {
		return nil
	}
	if s.Ref != "" {
		named, ok := c.Components.Schemas[strings.TrimPrefix(s.Ref, "#/components/schemas/")]
		if !ok {
			return fmt.Errorf("%s leads nowhere", s.Ref)
		}
		return c.validate(named, value, at)
	}
	for _, part := range s.AllOf {
		if err := c.validate(part, value, at); err != nil {
			return err
		}
	}
	if len(s.Enum) > 0 && !slices.Contains(s.Enum, value) {
		return fmt.Errorf("%s is %v, which is none of %v", at, value, s.Enum)
	}
	types, _ := s.Type.([]any)
	if name, ok := s.Type.(string); ok {
		types = []any{name}
	}
	if len(types) > 0 && !slices.ContainsFunc(types, func(name any) bool { return isA(value, name.(string)) }) {
		return fmt.Errorf("%s is %v, want %v", at, value, types)
	}
	switch value := value.(type) {
	case string:
		if _, err := time.Parse(time.DateOnly, value); s.Format == "date" && err != nil {
			return fmt.Errorf("%s: %w", at, err)
		}
	case []any:
		for i, item := range value {
			if err := c.validate(s.Items, item, fmt.Sprintf("%s[%d]", at, i)); err != nil {
				return err
			}
		}
	case map[string]any:
		return c.validateMembers(s, value, at)
	}
	return nil
}

func (c *contract) validateMembers(s *schema, value map[string]any, at string) error {
	for _, name := range s.Required {
		if _, ok := value[name]; !ok {
			return fmt.Errorf("%s has no %q", at, name)
		}
	}
	for name, member := range value {
		described, ok := s.Properties[name]
		if !ok && s.AdditionalProperties == false {
			return fmt.Errorf("%s has %q, which is not described", at, name)
		}
		if err := c.validate(described, member, at+"."+name); err != nil {
			return err
		}
	}
	return nil
}

func isA(value any, name string) bool {
	switch v := value.(type) {
	case nil:
		return name == "null"
	case bool:
		return name == "boolean"
	case string:
		return name == "string"
	case float64:
		return name == "number" || name == "integer" && v == float64(int64(v))
	case []any:
		return name == "array"
	case map[string]any:
		return name == "object"
	}
	return false
}
