package steering

import (
	"math"
	"testing"
)

func TestKnowledgeBeforeAnythingHappenedIsThePrior(t *testing.T) {
	cfg := Default()
	cfg.Resources = []ResourceConfig{
		{Name: "was", Kind: KindWAS, Visits: 5, Proved: 60, Believed: 100},
		{Name: "stock", Kind: KindBackend, Visits: 2, Proved: 150, Believed: 240},
	}
	k := Know(cfg, State{})
	if len(k.Resources) != 2 {
		t.Fatalf("%d resources", len(k.Resources))
	}
	for _, r := range k.Resources {
		want, _ := cfg.resource(r.Name)
		if r.Kind != want.Kind || r.Proved != want.Proved || r.Believed != want.Believed || r.Learned {
			t.Errorf("%s: %+v, want the prior %+v", r.Name, r, want)
		}
		if math.Abs(r.Visits/want.Visits-1) > 0.02 {
			t.Errorf("%s: %g visits, want %g", r.Name, r.Visits, want.Visits)
		}
		if r.AgeMS <= 0 || r.AgeMS > cfg.Session.LengthMS {
			t.Errorf("%s: asked %d ms after the claim, in a session of %d", r.Name, r.AgeMS, cfg.Session.LengthMS)
		}
	}
	if math.Abs(k.Show[0]-cfg.Session.Show) > 0.02 || math.Abs(float64(k.ClaimDelayMS)/float64(cfg.Session.ClaimDelayMS)-1) > 0.3 {
		t.Errorf("show %g after %d ms", k.Show[0], k.ClaimDelayMS)
	}
}
