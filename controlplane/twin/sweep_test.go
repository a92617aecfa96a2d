package twin

import "testing"

// However often is looked, whatever was believed and whatever fails at once:
// nothing unsafe is done and the house does not collapse.
func TestSweeps(t *testing.T) {
	f := func(name string, least float64, change func(*Scenario)) {
		if raced && name != "several drops at once" {
			return
		}
		t.Run(name, func(t *testing.T) {
			s := shipped(t, "half-stock")
			s.Duration = 2400
			change(s)
			board, err := Score(t.Context(), s, []string{"cascade"}, 1, DefaultTuning())
			if err != nil {
				t.Fatal(err)
			}
			ours := board.Controllers["cascade"]
			t.Logf("goodput %.3f, held %.3f, failed %.4f", ours.Ratio, ours.Held, ours.Failed)
			if ours.Unsafe > 0 || ours.Ratio < least || ours.Failed > 0.02 {
				t.Errorf("goodput %.3f of the clairvoyant's, %v unsafe actions, %.4f failed", ours.Ratio, ours.Unsafe, ours.Failed)
			}
		})
	}
	believe := func(factor float64) func(*Scenario) {
		return func(s *Scenario) {
			for i := range s.Resources {
				s.Resources[i].Prior.Proved, s.Resources[i].Prior.Believed = 0.6*factor, factor
			}
		}
	}
	f("looks every 2 s", 0.93, func(s *Scenario) { s.Control.Period = 2 })
	f("looks every 3 s", 0.93, func(s *Scenario) { s.Control.Period = 3 })
	f("looks every 5 s", 0.9, func(s *Scenario) { s.Control.Period = 5 })
	f("belief of three times the truth", 0.9, believe(3))
	f("belief of a third of the truth", 0.8, believe(1.0/3))
	f("no signals at the start", 0.9, func(s *Scenario) {
		s.Faults = append(s.Faults, Fault{Kind: faultNaN, At: -s.Lobby, For: s.Lobby + 60})
	})
	f("several drops at once", 0.9, func(s *Scenario) {
		for _, name := range []string{"eligibility", "ledger"} {
			s.Faults = append(s.Faults, Fault{Kind: faultStep, Resource: name, At: 1200, Factor: 0.4})
		}
	})
}

// A stock system that halves, stalls and flaps within minutes, while signals, the
// leader and WAS are lost, left a belief of a sixth of what it did before, and the
// probe took the rest of the evening to find the other five.
func TestManyFaultsAtOnce(t *testing.T) {
	s := &Scenario{
		Name: "many-faults", Duration: 1800,
		People: People{Lobby: 300_000, Arrivals: []Arrival{{Shape: "wave", People: 100_000, From: 300, Over: 600}}},
		Resources: []Resource{
			{Name: "was", PerReplica: 100, Latency: 0.02, Replicas: &Replicas{Start: 3, Min: 2, Max: 20}},
			{Name: "stock", Capacity: 200, Latency: 0.08},
		},
		Faults: []Fault{
			{Kind: faultStep, Resource: "stock", At: 300, For: 600, Factor: 0.5},
			{Kind: faultStall, Resource: "stock", At: 360, For: 60},
			{Kind: faultStorm, At: 360, For: 300, Factor: 5},
			{Kind: faultFlap, Resource: "stock", At: 420, For: 300, Factor: 0.3, Period: 20},
			{Kind: faultNaN, At: 480, For: 60},
			{Kind: faultLeader, At: 480, For: 30},
			{Kind: faultKill, At: 540, Count: 3},
		},
	}
	s.fill()
	board, err := Score(t.Context(), s, []string{"cascade"}, 2, DefaultTuning())
	if err != nil {
		t.Fatal(err)
	}
	ours := board.Controllers["cascade"]
	t.Logf("goodput %.3f, held %.3f, failed %.4f", ours.Ratio, ours.Held, ours.Failed)
	if ours.Unsafe > 0 || ours.Ratio < 0.75 || ours.Failed > 0.005 {
		t.Errorf("goodput %.3f of the clairvoyant's, %v unsafe actions, %.4f failed", ours.Ratio, ours.Unsafe, ours.Failed)
	}
}
