package steering_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"testing"

	"sunbeon/controlplane/steering"
)

const startMS = 1_700_000_000_000

func house() steering.Config {
	cfg := steering.Default()
	cfg.Resources = []steering.ResourceConfig{
		{Name: "was", Kind: steering.KindWAS, Visits: 5, Proved: 50, Believed: 80},
		{Name: "eligibility", Kind: steering.KindBackend, Visits: 1, Proved: 200, Believed: 300},
		{Name: "stock", Kind: steering.KindBackend, Visits: 2, Proved: 300, Believed: 500},
		{Name: "ledger", Kind: steering.KindBackend, Visits: 1, Proved: 1000, Believed: 2000},
	}
	return cfg
}

// signals is a random world: nothing in it is consistent, everything possible.
type signals struct {
	random *rand.Rand
	in     steering.Inputs
}

func newSignals(seed uint64) *signals {
	s := &signals{random: rand.New(rand.NewPCG(seed, 1))}
	s.in = steering.Inputs{
		NowMS: startMS, Term: 1,
		Admission: steering.Control{Mode: steering.ModeAuto, Min: 5, Max: 900, Floor: 40},
		Scaling:   steering.Control{Mode: steering.ModeAuto, Min: 2, Max: 30},
		Opening:   steering.Control{Mode: steering.ModeAuto},
		Replicas:  steering.Replicas{Desired: 6, Running: 6},
	}
	return s
}

func (s *signals) chance(p float64) bool { return s.random.Float64() < p }

// next moves time on by a period, the last output being in force.
func (s *signals) next(out steering.Output) steering.Inputs {
	in := &s.in
	in.NowMS += 1000
	in.FreshScrapes++
	if s.chance(0.01) {
		in.Term++
		in.FreshScrapes = 0
	}
	in.Admission.Current = out.Rate
	in.Line.AgeMS = 200
	in.Line.Lobby.Called += out.Rate * s.random.Float64() * 1.2
	in.Line.Lobby.Claimed += out.Rate * s.random.Float64()
	in.Line.Waiting = 1e6 * s.random.Float64()
	in.Line.Sessions = 30000 * s.random.Float64()
	in.Replicas.Desired = out.Replicas
	in.Replicas.Running = max(0, out.Replicas-s.random.IntN(3))
	in.Cohorts = []steering.Cohort{{ID: "c", Open: true, Approved: true, OpenMS: startMS, Waiting: in.Line.Waiting}}
	in.Freeze, in.Incident = s.chance(0.05), s.chance(0.05)
	in.Resources = nil
	for _, r := range house().Resources {
		x := r.Believed * 2 * s.random.Float64()
		if r.Kind == steering.KindWAS {
			x *= 6
		}
		reading := steering.Resource{
			Name: r.Name, Kind: r.Kind, AgeMS: 300, Throughput: x, InFlight: x * s.random.Float64(),
			Latency: 0.05 + 0.2*s.random.Float64(), Utilisation: s.random.Float64(),
		}
		if s.chance(0.3) {
			reading.Rejected, reading.Rejecting = x*s.random.Float64(), s.random.Float64()
		}
		switch s.random.IntN(20) {
		case 0:
			reading.Throughput = math.NaN()
		case 1:
			reading.Throughput, reading.InFlight, reading.Rejected = 0, 0, 0
		case 2:
			reading.AgeMS = int64(20000 * s.random.Float64())
		case 3:
			reading.Latency, reading.InFlight, reading.Utilisation = math.NaN(), math.Inf(1), math.NaN()
		}
		in.Resources = append(in.Resources, reading)
	}
	return *in
}

// clone is what a new leader would start from.
func clone(t *testing.T, s steering.State) steering.State {
	t.Helper()
	b, err := json.Marshal(s)
	if err != nil {
		t.Fatalf("marshal state: %v", err)
	}
	if len(b) > 64<<10 {
		t.Fatalf("state has %d bytes, more than 64 KiB", len(b))
	}
	var out steering.State
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatalf("unmarshal state: %v", err)
	}
	return out
}

func oldest(in steering.Inputs) int64 {
	age := in.Line.AgeMS
	for _, r := range in.Resources {
		age = max(age, r.AgeMS)
	}
	return age
}

// Whatever the signals say, the hard rules hold.
func TestHardRulesUnderRandomSignals(t *testing.T) {
	for seed := uint64(1); seed <= 8; seed++ {
		world, cfg := newSignals(seed), house()
		var state steering.State
		state.Output = steering.Output{Rate: 50, Replicas: 6}
		for step := range 600 {
			in := world.next(state.Output)
			next, decisions := steering.Step(cfg, state, in)
			out := next.Output
			if out.Rate < in.Admission.Min || out.Rate > in.Admission.Max || math.IsNaN(out.Rate) {
				t.Fatalf("seed %d step %d: rate %v outside [%v, %v]", seed, step, out.Rate, in.Admission.Min, in.Admission.Max)
			}
			if float64(out.Replicas) < in.Scaling.Min || float64(out.Replicas) > in.Scaling.Max {
				t.Fatalf("seed %d step %d: %d replicas", seed, step, out.Replicas)
			}
			if oldest(in) > 3000 && out.Rate > in.Admission.Current {
				t.Fatalf("seed %d step %d: raised %v → %v on data %d ms old", seed, step, in.Admission.Current, out.Rate, oldest(in))
			}
			if in.Freeze && out.Rate > in.Admission.Current {
				t.Fatalf("seed %d step %d: raised while frozen", seed, step)
			}
			for _, d := range decisions {
				if d.Actuator == steering.ActuatorReplicas && d.Action == steering.ActionRaise && d.Bottleneck != "was" && in.Line.Sessions >= 1 {
					t.Fatalf("seed %d step %d: scaled WAS out although %s limits", seed, step, d.Bottleneck)
				}
				b, err := json.Marshal(d)
				if err != nil || len(b) > steering.MaxDecisionBytes {
					t.Fatalf("seed %d step %d: decision of %d bytes, %v", seed, step, len(b), err)
				}
			}
			state = next
			if step%100 == 0 {
				state = clone(t, state)
			}
		}
	}
}

// worse returns the inputs with one thing about them worse.
func worse(random *rand.Rand, in steering.Inputs) steering.Inputs {
	in.Resources = append([]steering.Resource(nil), in.Resources...)
	r := &in.Resources[random.IntN(len(in.Resources))]
	switch random.IntN(3) {
	case 0:
		r.Rejected, r.Rejecting = r.Rejected+50, 1
	case 1:
		r.Latency *= 3
	case 2:
		in.Incident, in.Freeze = true, true
	}
	return in
}

// hidden returns the inputs with one reading lost or old.
func hidden(random *rand.Rand, in steering.Inputs) steering.Inputs {
	in.Resources = append([]steering.Resource(nil), in.Resources...)
	r := &in.Resources[random.IntN(len(in.Resources))]
	if random.IntN(2) == 0 {
		r.AgeMS += 4000
	} else {
		r.Throughput = math.NaN()
	}
	return in
}

// From the same state, worse news never leads to a higher rate.
func TestMonotoneInBadNews(t *testing.T) {
	for seed := uint64(1); seed <= 6; seed++ {
		world, cfg := newSignals(seed), house()
		random := rand.New(rand.NewPCG(seed, 2))
		var state steering.State
		state.Output = steering.Output{Rate: 50, Replicas: 6}
		for step := range 500 {
			in := world.next(state.Output)
			bad := worse(random, in)
			a, _ := steering.Step(cfg, clone(t, state), in)
			b, _ := steering.Step(cfg, clone(t, state), bad)
			if b.Output.Rate > a.Output.Rate*(1+1e-9) {
				t.Fatalf("seed %d step %d: %.3f with the news, %.3f with worse (current %.3f)\n%+v\n%+v", seed, step, a.Output.Rate, b.Output.Rate, in.Admission.Current, in.Resources, bad.Resources)
			}
			if c, _ := steering.Step(cfg, clone(t, state), hidden(random, in)); c.Output.Rate > in.Admission.Current {
				t.Fatalf("seed %d step %d: raised %.3f → %.3f although a reading is missing", seed, step, in.Admission.Current, c.Output.Rate)
			}
			state = a
		}
	}
}

// FuzzStep drives a few steps with arbitrary numbers.
func FuzzStep(f *testing.F) {
	f.Add(100.0, 0.1, 5.0, int64(300), uint8(0))
	f.Add(math.Inf(1), math.NaN(), -1.0, int64(-5), uint8(3))
	f.Fuzz(func(t *testing.T, throughput, latency, rejected float64, ageMS int64, n uint8) {
		world, cfg := newSignals(uint64(n)), house()
		var state steering.State
		state.Output = steering.Output{Rate: 50, Replicas: 6}
		for range 5 + int(n)%20 {
			in := world.next(state.Output)
			r := &in.Resources[int(n)%len(in.Resources)]
			r.Throughput, r.Latency, r.Rejected, r.AgeMS = throughput, latency, rejected, ageMS
			next, _ := steering.Step(cfg, state, in)
			if rate := next.Output.Rate; !(rate >= in.Admission.Min && rate <= in.Admission.Max) {
				t.Fatalf("rate %v", rate)
			}
			state = clone(t, next)
		}
	})
}
