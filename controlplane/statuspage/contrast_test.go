package statuspage

import (
	"encoding/json"
	"math"
	"regexp"
	"strconv"
	"testing"
)

// KWCAG 2.2 asks 4.5:1 between text and what it stands on. The pairs are those
// the style sheet puts together.
func TestColoursContrast(t *testing.T) {
	css, err := files.ReadFile("page/status.css")
	if err != nil {
		t.Fatal(err)
	}
	colours := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(string(css), -1) {
		colours[m[1]] = m[2]
	}
	pairs := [][2]string{
		{"ink", "paper"}, {"ink", "panel"}, {"soft", "paper"}, {"soft", "panel"}, {"link", "paper"},
		{"normal", "normal-paper"}, {"slow", "slow-paper"}, {"down", "down-paper"}, {"unknown", "unknown-paper"}, {"down", "paper"},
	}
	for _, pair := range pairs {
		text, ground := colours[pair[0]], colours[pair[1]]
		if text == "" || ground == "" {
			t.Errorf("the style sheet names no --%s or no --%s", pair[0], pair[1])
			continue
		}
		if ratio := contrast(t, text, ground); ratio < 4.5 {
			t.Errorf("--%s on --%s: %.2f:1", pair[0], pair[1], ratio)
		}
	}
}

// contrast is the ratio of relative luminances of WCAG 2.1.
func contrast(t *testing.T, a, b string) float64 {
	x, y := luminance(t, a), luminance(t, b)
	return (math.Max(x, y) + 0.05) / (math.Min(x, y) + 0.05)
}

func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	channel := func(from int) float64 {
		n, err := strconv.ParseUint(colour[from:from+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(1) + 0.7152*channel(3) + 0.0722*channel(5)
}

func TestLanguagesSayTheSame(t *testing.T) {
	var ids [2]map[string]string
	for i, tag := range languages {
		raw, err := locales.ReadFile("locales/" + tag.String() + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(raw, &ids[i]); err != nil {
			t.Fatal(err)
		}
	}
	for id := range ids[0] {
		if ids[1][id] == "" {
			t.Errorf("%q is missing in %s", id, languages[1])
		}
	}
	if len(ids[0]) != len(ids[1]) {
		t.Errorf("%d words in %s, %d in %s", len(ids[0]), languages[0], len(ids[1]), languages[1])
	}
	// Every light and condition has a word.
	for _, light := range []Light{Normal, Slow, Down, Unknown} {
		if ids[0]["light_"+string(light)] == "" {
			t.Errorf("no word for the light %s", light)
		}
	}
	for _, c := range []Condition{Scheduled, Lobby, Sealed, Open, Paused, Closed, NotKnown} {
		if ids[0]["condition_"+string(c)] == "" {
			t.Errorf("no word for the condition %s", c)
		}
	}
}
