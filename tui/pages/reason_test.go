package pages

import (
	"encoding/json"
	"testing"

	"sunbeon/controlplane/plan"
)

// What came of an earlier decision once stood where the reason should.
func TestTheReasonIsNoOutcome(t *testing.T) {
	record := func(action string) json.RawMessage { return json.RawMessage(`{"action":"` + action + `"}`) }
	decisions := []plan.Decision{
		{Sentence: "limited by stock", Record: record("lower")},
		{Sentence: "42/s were expected", Record: record("outcome")},
	}
	if d, ok := lastReason(decisions); !ok || d.Sentence != "limited by stock" {
		t.Errorf("the reason is %q", d.Sentence)
	}
	if _, ok := lastReason(decisions[1:]); ok {
		t.Error("an outcome alone is a reason")
	}
	if d, ok := lastReason([]plan.Decision{{Sentence: "typed by hand"}}); !ok || d.Sentence != "typed by hand" {
		t.Error("a decision without a record is passed over")
	}
}
