package was_test

import (
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"sunbeon/internal/problem"
)

// Every operation described answers, and not with 404 or 405, and asks who
// somebody is where it says so. That answers are as described is checked of every
// request of every test.
func TestDescriptionIsTrue(t *testing.T) {
	e := start(t, nil)
	if c := readContract(t, insecure(), e.url); c.OpenAPI != "3.1.0" || len(c.Paths) < 10 { // open to all
		t.Errorf("OpenAPI %s with %d paths", c.OpenAPI, len(c.Paths))
	}
	staff := e.staff("kim")
	for path, operations := range e.contract.Paths {
		for method, operation := range operations {
			a := ask{method: strings.ToUpper(method), path: strings.NewReplacer("{id}", "1", "{number}", "0000-0000").Replace(path), login: "-", pass: "-"}
			if strings.HasPrefix(path, "/staff/") {
				e.want("staff's route to the gate", e.do(a), http.StatusForbidden, "role_not_allowed")
				a.client = staff
			}
			want := http.StatusOK
			switch len(operation.Security) {
			case 1:
				want = http.StatusUnauthorized
			case 2: // the date of birth stands in for the login
				want = http.StatusBadRequest
			}
			if got := e.do(a); got.status != want {
				t.Errorf("%s %s without login: %d %s, want %d", method, path, got.status, got.Code, want)
			}
		}
	}
}

func TestWhatIsNotThere(t *testing.T) {
	e := start(t, nil)
	f := func(method, path string, status int, code, allow string) {
		t.Helper()
		req, err := http.NewRequest(method, e.url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := e.gate.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if p := problem.Read(resp); resp.StatusCode != status || p.Code != code || resp.Header.Get("Allow") != allow {
			t.Errorf("%s %s: %d %s, Allow %q", method, path, resp.StatusCode, p.Code, resp.Header.Get("Allow"))
		}
	}
	f("GET", "/v1/nothing", 404, "not_found", "")
	f("GET", "/", 404, "not_found", "")
	f("PUT", "/v1/bookings", 405, "method_not_allowed", "POST")
	f("POST", "/v1/bookings/7KQ3-M2XA", 405, "method_not_allowed", "DELETE")
}

func TestBookedPassesAreToldOnce(t *testing.T) {
	e := start(t, nil)
	e.want("book", e.book("ann", "1", "k"), 201, "")
	number := e.do(ask{method: "GET", path: "/v1/bookings/mine", person: "ann"}).body["bookings"].([]any)[0].(map[string]any)["number"].(string)
	e.want("cancel", e.do(ask{method: "DELETE", path: "/v1/bookings/" + number, person: "ann"}), 200, "")
	e.want("book again", e.book("ann", "1", "k2"), 201, "")
	e.want("book", e.book("bob", "1", "k"), 201, "")
	page := e.do(ask{method: "GET", path: "/internal/v1/booked-passes"})
	passes := page.body["passes"].([]any)
	if len(passes) != 2 || passes[0].(map[string]any)["pass"] != "id-ann" || passes[1].(map[string]any)["pass"] != "id-bob" {
		t.Errorf("booked passes: %v", page.body)
	}
	if page.body["next"] != float64(4) {
		t.Errorf("next is %v, want 4: all events have been seen", page.body["next"])
	}
}

// The gate describes the citizens' part to the public by hand: every code a
// booking server may answer with is told there, under the same status.
func TestTheGateTellsEveryCode(t *testing.T) {
	var public struct {
		Paths map[string]map[string]struct {
			Responses map[string]struct{ Description string }
		}
	}
	document, err := os.ReadFile("../gate/openapi.json")
	if err == nil {
		err = json.Unmarshal(document, &public)
	}
	if err != nil {
		t.Fatal(err)
	}
	e := start(t, nil)
	inside := []string{"role_not_allowed", "internal"} // never meant for citizens
	for path, operations := range e.contract.Paths {
		if !strings.HasPrefix(path, "/v1/") {
			continue
		}
		for method, op := range operations {
			for status, response := range op.Responses {
				refusal := response.Content[problem.ContentType].Schema
				if refusal == nil {
					continue
				}
				for _, code := range refusal.Properties["code"].Enum {
					told := public.Paths[path][method].Responses[status].Description
					if !slices.Contains(inside, code.(string)) && !strings.Contains(told, "`"+code.(string)+"`") {
						t.Errorf("%s %s: the gate does not tell of %s %s", method, path, status, code)
					}
				}
			}
		}
	}
}
