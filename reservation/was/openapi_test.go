package was_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
)

// Every operation described answers, and not with 404 or 405: the description
// and the routes are the same.
func TestDescriptionIsTrue(t *testing.T) {
	e := start(t, nil)
	resp, err := insecure().Get(e.url + "/openapi.json") // open to all
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var document struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			Responses map[string]any
			Security  []map[string][]string
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&document); err != nil {
		t.Fatal(err)
	}
	if document.OpenAPI != "3.1.0" || len(document.Paths) < 7 {
		t.Errorf("OpenAPI %s with %d paths", document.OpenAPI, len(document.Paths))
	}
	for path, operations := range document.Paths {
		for method, operation := range operations {
			path := strings.NewReplacer("{id}", "1", "{number}", "0000-0000").Replace(path)
			a := e.do(ask{method: strings.ToUpper(method), path: path, login: "-", pass: "-"})
			want := http.StatusUnauthorized
			if len(operation.Security) == 0 {
				want = http.StatusOK
			}
			if a.status != want {
				t.Errorf("%s %s without login: %d, want %d", method, path, a.status, want)
			}
			if want == http.StatusUnauthorized && operation.Responses["401"] == nil {
				t.Errorf("%s %s does not describe 401", method, path)
			}
		}
	}
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
