package twin

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// Random makes up an evening that nobody has seen: another plant, other people,
// other beliefs and other faults. The same number gives the same evening.
func Random(number uint64) *Scenario {
	random := rand.New(rand.NewPCG(number, 0xe7e))
	between := func(low, high float64) float64 { return low * math.Pow(high/low, random.Float64()) }
	pace := between(0.5, 2) // of the sessions, 1 is two minutes
	s := &Scenario{
		Name: fmt.Sprintf("random-%d", number), Summary: "made up",
		Duration: 3600, Lobby: 120,
		Session:   Session{Leave: between(0.002, 0.03), Retry: Retry{After: Distribution{Duration(between(2, 8)), 0.4}, GiveUp: 0.003}},
		Telemetry: Telemetry{Delay: Duration(between(0.2, 2)), Noise: between(0.005, 0.05)},
		Control:   Control{Delay: Duration(between(0.1, 1)), SessionX: between(0.7, 1.5)},
		People: People{
			Show:       between(0.6, 0.98),
			ClaimDelay: Distribution{Duration(between(4, 40)), between(0.5, 1.3)},
		},
	}
	rate := between(100, 1500) // sessions a second
	backends := []string{"identity", "eligibility", "stock", "ledger"}
	s.Resources = append(s.Resources, Resource{
		Name: "was", PerReplica: between(60, 300), Latency: 0.02, Noise: 0.01,
		Replicas: &Replicas{Min: 2, Max: 1, ColdStart: Duration(between(15, 90))},
	})
	for _, name := range backends {
		s.Resources = append(s.Resources, Resource{
			Name: name, Latency: Duration(between(0.015, 0.15)), Noise: between(0.002, 0.03), Collapse: random.Float64() * 0.5,
		})
	}
	pages := 4 + random.IntN(3)
	for i := range pages {
		q := Request{Name: fmt.Sprintf("page-%d", i+1), Uses: map[string]float64{}}
		q.Think = Distribution{Duration(pace * between(8, 45)), between(0.4, 1)}
		switch {
		case i == 0:
			q.Think.Mean = 3
			q.Uses["identity"], q.Uses["eligibility"] = 1, 1
		case i == pages-1:
			q.Uses["stock"], q.Uses["ledger"] = 1, 1
		default:
			q.Uses["stock"] = between(0.2, 1.2)
		}
		s.Session.Requests = append(s.Session.Requests, q)
	}
	tight := 1 + random.IntN(len(backends)) // the bottleneck
	for i := range s.Resources {
		r := &s.Resources[i]
		spare := between(1.3, 4)
		if i == tight {
			spare = 1
		}
		believed := between(0.6, 1.2)
		r.Prior = Prior{Proved: 0.6 * believed, Believed: believed, Visits: between(0.85, 1.2)}
		if r.Replicas == nil {
			r.Capacity = rate * spare * s.visits(*r)
			continue
		}
		needed := rate * s.visits(*r) / r.PerReplica
		r.Replicas.Max = int(math.Ceil(needed * 1.8))
		r.Replicas.Min = min(2, r.Replicas.Max)
		r.Replicas.Start = max(r.Replicas.Min, int(needed*between(0.2, 0.9)))
	}
	people := rate * 3600 / s.People.Show
	if random.IntN(4) == 0 {
		s.People.Lobby = people * between(0.05, 0.3)
		s.People.Arrivals = []Arrival{
			{Shape: []string{"uniform", "burst", "wave"}[random.IntN(3)], People: people * between(0.7, 1.5), Over: 3000},
		}
	} else {
		s.People.Lobby = people * between(1.5, 4)
	}
	s.Faults = randomFaults(random, s.Resources[tight].Name, s.Resources[1+random.IntN(len(backends))].Name)
	s.fill()
	return s
}

// randomFaults draws up to three things that go wrong, mostly at the bottleneck.
func randomFaults(random *rand.Rand, tight, other string) []Fault {
	var out []Fault
	for range random.IntN(4) {
		at := Duration(600 + 1800*random.Float64())
		length := Duration(300 + 900*random.Float64())
		factor := 0.35 + 0.5*random.Float64()
		where := tight
		if random.IntN(4) == 0 {
			where = other
		}
		f := Fault{At: at, For: length, Factor: factor, Resource: where}
		switch random.IntN(10) {
		case 0, 1, 2:
			f.Kind = faultStep
		case 3:
			f.Kind, f.For = faultStall, Duration(20+60*random.Float64())
		case 4:
			f.Kind = faultRamp
		case 5:
			f.Kind = faultDecay
		case 6:
			f.Kind, f.Factor = faultVisits, 1.1+0.5*random.Float64()
		case 7:
			f.Kind, f.For, f.Resource = faultLoss, Duration(15+60*random.Float64()), everyResource
		case 8:
			f.Kind, f.For, f.Resource = faultLeader, Duration(3+10*random.Float64()), everyResource
		case 9:
			f.Kind, f.Resource, f.Factor = faultStorm, everyResource, 3
		}
		out = append(out, f)
	}
	return out
}
