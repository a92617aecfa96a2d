package rush_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sunbeon/reservation/rush"
)

func script() *rush.Script {
	return &rush.Script{
		Lobby: 200,
		Streams: []rush.Stream{
			{People: 60, Shape: "burst", OverMS: 400},
			{People: 40, Shape: "wave", FromMS: 100, OverMS: 300},
		},
		Show: 0.8, ShowLater: 0.5, Leave: 0.05,
		Claim: rush.Pause{MeanMS: 20, CV: 1}, Retry: rush.Pause{MeanMS: 20, CV: 0.4},
		Pages: map[string]rush.Pause{
			rush.PageEligibility: {MeanMS: 5, CV: 0.5}, rush.PageInstitutions: {MeanMS: 5, CV: 0.5},
			rush.PageSlots: {MeanMS: 5, CV: 0.5}, rush.PageBook: {MeanMS: 5, CV: 0.5},
		},
	}
}

func TestScriptedCrowdDoesWhatIsWritten(t *testing.T) {
	_, url := newFakeGate(t, 1000, 200*time.Millisecond)
	cfg := quick(t, url, 1)
	cfg.Outsiders = 0
	cfg.Script = script()
	load, _ := run(t, cfg)

	if load.People != 300 || load.Tickets != 300 || load.UnderWay != 0 || load.Failed != 0 {
		t.Errorf("people %d, tickets %d, under way %d, failed %v", load.People, load.Tickets, load.UnderWay, load.FailedBy)
	}
	// 200 × 0.8 + 100 × 0.5 claim; of them 0.95³ go through to the booking.
	if load.Passes < 180 || load.Passes > 240 {
		t.Errorf("%d claimed, want about 210", load.Passes)
	}
	if share := float64(load.Booked) / float64(load.Passes); share < 0.78 || share > 0.93 {
		t.Errorf("%.2f of those let in booked, want about 0.86", share)
	}
	sum := func(counts []int) (n int) {
		for _, c := range counts {
			n += c
		}
		return n
	}
	if passes, bookings := sum(load.BySecond.Passes), sum(load.BySecond.Bookings); passes != load.Passes || bookings != load.Booked {
		t.Errorf("by the second %d passes and %d bookings, want %d and %d", passes, bookings, load.Passes, load.Booked)
	}
}

func TestScriptIsChecked(t *testing.T) {
	for name, text := range map[string]string{
		"page \"slots\" is missing":       `{"lobby": 5, "show": 1, "show_later": 1, "pages": {"eligibility": {}, "institutions": {}, "book": {}}}`,
		"unknown field":                   `{"lobby": 5, "lobbi": 5}`,
		"shape \"square\" is none":        `{"lobby": 5, "streams": [{"people": 1, "shape": "square", "over_ms": 1}]}`,
		"people 0: want 1":                `{}`,
		"more than one JSON value":        `{"lobby": 5} {}`,
		"share 2 of people: want 0 to 1":  `{"lobby": 5, "show": 2}`,
		"page \"dessert\" is none":        `{"lobby": 5, "pages": {"eligibility": {}, "institutions": {}, "slots": {}, "book": {}, "dessert": {}}}`,
		"want no negative times":          `{"lobby": 5, "pages": {"eligibility": {"mean_ms": -1}, "institutions": {}, "slots": {}, "book": {}}}`,
		"retry: pause":                    `{"lobby": 5, "pages": {"eligibility": {}, "institutions": {}, "slots": {}, "book": {}}, "retry": {"mean_ms": 0}}`,
		"want no negative people or star": `{"lobby": 5, "streams": [{"people": -1, "shape": "burst", "over_ms": 1}]}`,
	} {
		file := filepath.Join(t.TempDir(), "script.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := rush.ReadScript(file); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v, want %q", text, err, name)
		}
	}
}
