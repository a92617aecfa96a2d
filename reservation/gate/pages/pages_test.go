package pages_test

import (
	"encoding/json"
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

var contents = map[string]any{
	"home": pages.Home{
		Synthetic: true, Providers: []string{"kakao"}, Provinces: []string{"Seoul"}, Typed: pages.Typed{Name: `"><script>`},
		Cohorts: []pages.Cohort{{ID: "a", Name: "<A>", LastDigits: []int{9}, Phase: "open", Order: "draw", Note: "moved"}},
	},
	"line": pages.Line{
		HasPlace: true, Seq: 7, Turn: 1234567, Serving: 12, Ahead: 1234554, WaitFromMS: 1, WaitToMS: 2, State: "waiting",
		BeyondSupply: true, Ticket: "t", Receipt: "{}",
	},
	"institutions": pages.Institutions{Provinces: []string{"Seoul"}, Found: []pages.Institution{{ID: "3", Name: "N"}}, Next: "c&d", Change: "A-1"},
	"slots":        pages.Slots{Institution: "3", Free: []pages.Slot{{ID: "5", Date: "2021-08-26", Time: "09:30"}}, Taken: true},
	"bookings":     pages.Bookings{Fresh: true, HasPass: true, Bookings: []pages.Booking{{Number: "A-1", Doses: []pages.Dose{{Dose: 1}}}}},
	"verify":       pages.Verify{Cohorts: []pages.Cohort{{ID: "a", Name: "<A>"}}, Chosen: "a", Seq: "7"},
	"problem":      pages.Problem{Code: "hold_on", System: "stock", Appeal: "x", RetryS: 3, Back: "/line"},
}

func TestEveryPageInEveryLanguage(t *testing.T) {
	renderer, err := pages.New()
	if err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob("templates/*.html")
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".html")
		if name == "layout" {
			continue
		}
		content, ok := contents[name]
		if !ok {
			t.Errorf("page %s is not tested", name)
			continue
		}
		for _, language := range pages.Languages {
			w := httptest.NewRecorder()
			frame := pages.Frame{Language: language, Here: &url.URL{Path: "/" + name, RawQuery: "change=A-1"}, LoggedIn: true, RefreshS: 5, Page: content}
			if err := renderer.Render(w, http.StatusOK, name, frame); err != nil {
				t.Errorf("%s in %s: %v", name, language, err)
				continue
			}
			body := w.Body.String()
			for _, must := range []string{`lang="` + language + `"`, "?change=A-1&amp;lang=", "<main", "<h1>", `class="skip"`, "</html>"} {
				if !strings.Contains(body, must) {
					t.Errorf("%s in %s lacks %s", name, language, must)
				}
			}
			// One page computes in the browser; all others work without.
			scripts := strings.ReplaceAll(body, `<script src="/verify.js" defer></script>`, "")
			if name != "verify" {
				scripts = body
			}
			if strings.Contains(scripts, "<script") || strings.Contains(body, "<A>") || strings.Contains(body, "no value") {
				t.Errorf("%s in %s: %s", name, language, body)
			}
			for _, input := range regexp.MustCompile(`<(?:input|select|textarea) id="(\w+)"`).FindAllStringSubmatch(body, -1) {
				if !strings.Contains(body, `<label for="`+input[1]+`"`) {
					t.Errorf("%s: the field %s has no label", name, input[1])
				}
			}
		}
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
