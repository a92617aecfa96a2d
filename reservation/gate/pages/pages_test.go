package pages_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"sunbeon/reservation/gate/pages"
)

func catalogue(t *testing.T, language string) map[string]string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("messages", language+".json"))
	if err != nil {
		t.Fatal(err)
	}
	words := map[string]string{}
	if err := json.Unmarshal(data, &words); err != nil {
		t.Fatal(err)
	}
	return words
}

// TestCataloguesSayTheSame holds the languages together: the same messages,
// with the same blanks to fill.
func TestCataloguesSayTheSame(t *testing.T) {
	blank := regexp.MustCompile(`{{\.\w+}}`)
	first := catalogue(t, pages.Languages[0])
	for _, language := range pages.Languages[1:] {
		other := catalogue(t, language)
		if diff := cmp.Diff(slices.Sorted(maps.Keys(first)), slices.Sorted(maps.Keys(other))); diff != "" {
			t.Errorf("%s: %s", language, diff)
		}
		for id, text := range first {
			sort := func(s string) []string { found := blank.FindAllString(s, -1); slices.Sort(found); return found }
			if diff := cmp.Diff(sort(text), sort(other[id])); diff != "" || strings.TrimSpace(other[id]) == "" {
				t.Errorf("%s %s: %s", language, id, diff)
			}
		}
	}
}

// TestTemplatesSayOnlyWhatThereIs finds words asked for by name that no
// catalogue has.
func TestTemplatesSayOnlyWhatThereIs(t *testing.T) {
	words := catalogue(t, "en")
	asked := regexp.MustCompile(`say "(\w+)"`)
	files, _ := filepath.Glob("templates/*.html")
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range asked.FindAllStringSubmatch(string(text), -1) {
			if _, ok := words[found[1]]; !ok {
				t.Errorf("%s asks for %q", file, found[1])
			}
		}
	}
}

var (
	cohort  = pages.Cohort{ID: "a", Name: "<A>", BirthFrom: "1985-01-01", BirthTo: "1985-12-31", LastDigits: []int{9}, Phase: "open", Order: "draw", Note: "moved"}
	doses   = []pages.Dose{{Dose: 1, InstitutionID: "3", Institution: "<A>", Date: "2021-08-26", Time: "09:30"}, {Dose: 2, InstitutionID: "3", Date: "2021-10-07"}}
	booking = pages.Booking{Number: "A-1", Doses: doses}
	gone    = pages.Booking{Number: "A-1", Doses: []pages.Dose{{Dose: 1, Date: "2021-08-26", Time: "09:30", Withdrawn: true}}}
	change  = pages.Errand{Of: pages.Change, Number: "A-1"}
	rebook  = pages.Errand{Of: pages.Rebook, Number: "A-1"}
)

// contents are the pages, each with something in every part.
var contents = map[string][]any{
	"home": {
		pages.Home{Providers: []string{"kakao"}, Cohorts: []pages.Cohort{cohort}, Problem: pages.Problem{Code: "upstream_down", System: "kakao"}},
		pages.Home{LoggedIn: true},
	},
	"line": {
		pages.Line{Cohort: cohort},
		pages.Line{Cohort: pages.Cohort{Phase: "scheduled"}},
		pages.Line{Cohort: pages.Cohort{Phase: "lobby"}, HasPlace: true, Seq: 7},
		pages.Line{Cohort: cohort, HasPlace: true, Seq: 7, Turn: 1234567, Serving: 12, Ahead: 1234554, WaitFromMS: 1, WaitToMS: 2, State: "waiting", BeyondSupply: true, Ticket: "t", Receipt: "{}"},
		pages.Line{Cohort: pages.Cohort{Phase: "paused"}, HasPlace: true, Turn: 7, Called: true},
		pages.Line{Cohort: cohort, HasPlace: true, Turn: 7, Called: true},
		pages.Line{Cohort: cohort, HasPlace: true, Turn: 7, Called: true, Held: true},
		pages.Line{Cohort: pages.Cohort{Phase: "closed"}, HasPlace: true, Turn: 7, Called: true},
		pages.Line{Cohort: cohort, HasPlace: true, Turn: 7, Called: true, State: "booked"},
	},
	"institutions": {pages.Institutions{Provinces: []string{"Seoul"}, Found: []pages.Institution{{ID: "3", Name: "N", Free: 3}, {ID: "4", Name: "M"}}, Next: "c&d", Errand: change}},
	"slots": {
		pages.Slots{InstitutionID: "3", Institution: "<A>", Free: []pages.Slot{{ID: "5", Date: "2021-08-26", Time: "09:30"}}, Next: "6"},
		pages.Slots{Taken: true, Free: []pages.Slot{{SlotID: "5", Institution: "<A>", Date: "2021-08-26", Time: "09:30"}}},
		pages.Slots{Taken: true, Errand: change},
	},
	"review":   {pages.Review{Slot: "5", Key: "k", Doses: doses}, pages.Review{Slot: "5", Errand: change, Key: "k", Doses: doses}, pages.Review{Slot: "5", Errand: rebook, Key: "k", Doses: doses}},
	"bookings": {pages.Bookings{Done: pages.DoneBooked, Bookings: []pages.Booking{booking}}, pages.Bookings{Done: pages.DoneChanged, Bookings: []pages.Booking{booking}}, pages.Bookings{Done: pages.DoneCancelled, Rebook: "A-1"}, pages.Bookings{Bookings: []pages.Booking{gone}}, pages.Bookings{HasPass: true}, pages.Bookings{}},
	"cancel":   {pages.Cancel{Booking: booking, Key: "k"}},
	"verify":   {pages.Verify{Cohorts: []pages.Cohort{cohort}, Chosen: "a", Seq: "7"}},
	"problem": {
		pages.Problem{Code: "hold_on", System: "stock", Appeal: "x", RetryS: 3, Back: "/line", Again: &pages.Again{Path: "/book", Fields: url.Values{"key": {"<A>"}}}},
		pages.Problem{Code: "upstream_down", System: "stock", Works: []string{"search", "look_up", "never heard of"}, Back: "/line"},
		pages.Problem{Code: "not_eligible", Reason: "birth_date", Appeal: "x", Back: "/"},
		pages.Problem{Code: "not_eligible", Reason: "never heard of", Detail: "d", Appeal: "x", Back: "/line"},
		pages.Problem{Code: "never heard of", Detail: "d", Back: "/"},
	},
}

func TestEveryPageInEveryLanguage(t *testing.T) {
	renderer, err := pages.New()
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob("templates/*.html")
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".html")
		if name == "layout" || name == "doses" {
			continue
		}
		if len(contents[name]) == 0 {
			t.Errorf("page %s is not tested", name)
		}
		for n, content := range contents[name] {
			for _, language := range pages.Languages {
				t.Run(fmt.Sprint(name, n, language), func(t *testing.T) { checkPage(t, renderer, name, language, content) })
			}
		}
	}
}

func checkPage(t *testing.T, renderer *pages.Renderer, name, language string, content any) {
	w := httptest.NewRecorder()
	frame := pages.Frame{
		Language: language, Here: &url.URL{Path: "/" + name, RawQuery: "change=A-1"}, Person: "<A>", Step: pages.StepWait,
		Limit: pages.Limit{NowMS: 1, UntilMS: 2}, Page: content,
	}
	if err := renderer.Render(w, http.StatusOK, name, frame); err != nil {
		t.Fatal(err)
	}
	body := w.Body.String()
	for _, must := range []string{`lang="` + language + `"`, "?change=A-1&amp;lang=", "<main", "<h1>", `class="skip"`, "</html>"} {
		if !strings.Contains(body, must) {
			t.Errorf("lacks %s", must)
		}
	}
	if strings.Contains(body, "<script") || strings.Contains(w.Header().Get("Content-Security-Policy"), "script-src") {
		t.Error("a script where none was asked for")
	}
	if strings.Contains(body, "<A>") || strings.Contains(body, "no value") || strings.Contains(body, "%!") {
		t.Errorf("badly filled: %s", body)
	}
	for _, input := range regexp.MustCompile(`<(?:input|select|textarea) id="(\w+)"`).FindAllStringSubmatch(body, -1) {
		if !strings.Contains(body, `<label for="`+input[1]+`"`) {
			t.Errorf("the field %s has no label", input[1])
		}
	}
}

func TestScriptsAreAllowedWhereTheyRun(t *testing.T) {
	renderer, err := pages.New()
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := renderer.Render(w, http.StatusOK, "verify", pages.Frame{Language: "en", Script: pages.VerifyScript, Page: pages.Verify{}}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(w.Body.String(), `<script src="/assets/verify.js?v=`) || !strings.Contains(w.Header().Get("Content-Security-Policy"), "script-src 'self'") {
		t.Errorf("%v %s", w.Header(), w.Body)
	}
	if err := renderer.Render(w, http.StatusOK, "verify", pages.Frame{Language: "en", Script: "none.js", Page: pages.Verify{}}); err == nil {
		t.Error("a script there is not")
	}
}

func TestAMissingPageIsAnErrorAndWritesNothing(t *testing.T) {
	renderer, err := pages.New()
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	if err := renderer.Render(w, http.StatusOK, "nowhere", pages.Frame{Language: "ko"}); err == nil {
		t.Error("rendered a page that does not exist")
	}
	if err := renderer.Render(w, http.StatusOK, "line", pages.Frame{Language: "ko", Page: 5}); err == nil || w.Body.Len() > 0 {
		t.Errorf("half a page: %v %q", err, w.Body)
	}
}
