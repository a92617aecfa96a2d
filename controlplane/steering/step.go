package steering

import (
	"math"
	"sort"
)

// Step takes one look at the inputs and returns the next state, whose Output
// should now be in force, and the decisions taken. The given state is not kept;
// the returned one shares memory with it, so a caller that needs the old one
// must copy it first.
func Step(cfg Config, state State, in Inputs) (State, []Decision) {
	s := &state
	s.prepare(cfg, in)
	s.follow(in)
	s.History.advance(in.NowMS)
	if s.Pool.see(cfg, in.Replicas, in.NowMS) {
		s.relieve(cfg)
	}
	told := s.observe(cfg, in)

	readings := s.arrange(in)
	ageMS := s.estimate(cfg, in, readings)
	level, why := assess(cfg, s, in, ageMS)

	f := s.forecast(len(s.Names))
	for i := range s.Estimates {
		s.Estimates[i].DeadMS = max(cfg.PeriodMS, int64(f.deadS[i]*1000))
	}
	_, longest := f.longest()
	s.DeadMS = max(cfg.PeriodMS, int64(longest*1000))
	capacity, proved, was := s.capacities(cfg, in, f)
	w := admit(cfg, s, f, capacity, proved)
	w.rate = s.Rate.smooth(w.rate, cfg.PeriodMS, s.DeadMS)

	var out []Decision
	out = append(out, s.steerRate(cfg, in, f, w, level, why, ageMS)...)
	out = append(out, s.steerReplicas(cfg, in, f, w, was, capacity, level)...)
	out = append(out, s.steerCohorts(in, w, level)...)
	out = append(out, s.settle(cfg, in, s.demands(readings))...)

	if level == trustFull {
		s.learn(cfg, in, readings, told)
		s.probe(cfg, in, w, f)
	}
	s.NowMS = in.NowMS
	for i := range out {
		out[i].fit()
	}
	return *s, out
}

// prepare fits the state to the configured resources. One that is new starts
// from its prior; one that is gone is forgotten.
func (s *State) prepare(cfg Config, in Inputs) {
	s.History.init(in.NowMS, cfg.binMS())
	binS := float64(cfg.binMS()) / 1000
	if len(s.Claims[0].Rate) == 0 {
		s.LobbyAhead = true
		for q := range s.Claims {
			s.Claims[q] = newKernel(cfg.Session.Show, float64(cfg.Session.ClaimDelayMS)/1000, 1, binS)
		}
		s.Term, s.TermSinceMS = in.Term, in.NowMS
		s.Output.Rate, s.Output.Replicas = in.Admission.Current, in.Replicas.Desired
		s.Rate.Told = in.Admission.Current
	}
	names := make([]string, 0, len(cfg.Resources))
	for _, r := range cfg.Resources {
		names = append(names, r.Name)
	}
	sort.Strings(names)
	if equal(names, s.Names) {
		return
	}
	requests, estimates := make([]kernel, len(names)), make([]estimate, len(names))
	for i, name := range names {
		if old := s.index(name); old >= 0 {
			requests[i], estimates[i] = s.Requests[old], s.Estimates[old]
			continue
		}
		r, _ := cfg.resource(name)
		requests[i] = cfg.requests(r)
		estimates[i] = estimate{Proved: r.Proved, Believed: r.Believed, LastGood: r.Believed, Prior: r.Believed, Ratio: 1, DeadMS: cfg.Session.LengthMS}
	}
	s.Names, s.Requests, s.Estimates = names, requests, estimates
}

func (s *State) index(name string) int {
	for i, n := range s.Names {
		if n == name {
			return i
		}
	}
	return -1
}

func equal(a, b []string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// told is what the line's report says of one flow: what was counted in overS
// seconds.
type told struct{ called, claimed, overS float64 }

func (s *State) observe(cfg Config, in Inputs) (out [2]told) {
	before, seen := s.History.Last, s.History.Seen
	overS := s.unheardS(cfg, in)
	s.History.observe(in.Line, overS)
	if !seen {
		return out
	}
	for q, now := range s.History.Last {
		out[q] = told{max(0, now.Called-before[q].Called), max(0, now.Claimed-before[q].Claimed), overS}
	}
	if out[0].called+out[1].called > 0 {
		s.LobbyAhead = out[0].called >= out[1].called
	}
	return out
}

// arrange puts the readings into the order of s.Names. A resource that was not
// reported is a reading of nothing.
func (s *State) arrange(in Inputs) []Resource {
	out := make([]Resource, len(s.Names))
	nan := math.NaN()
	for i, name := range s.Names {
		out[i] = Resource{Name: name, AgeMS: 1 << 40, Throughput: nan, InFlight: nan, Latency: nan, Utilisation: nan}
	}
	for _, r := range in.Resources {
		if i := s.index(r.Name); i >= 0 {
			out[i] = r
		}
	}
	return out
}

// estimate updates every resource from its reading and returns the age of the
// oldest signal.
func (s *State) estimate(cfg Config, in Inputs, readings []Resource) int64 {
	oldest := in.Line.AgeMS
	periodS, retryS := float64(cfg.PeriodMS)/1000, float64(cfg.Session.RetryMS)/1000
	backends := false
	for pass := range 2 { // backends first: whether a WAS is to blame depends on them
		for i := range readings {
			r, e := readings[i], &s.Estimates[i]
			isWAS := s.kind(cfg, i) == KindWAS
			if isWAS != (pass == 1) {
				continue
			}
			people := s.people(cfg, in.Line, r)
			expected := s.Requests[i].expect(people) * e.Ratio
			age := e.Sight.look(in.NowMS, staleAfter*cfg.PeriodMS, r, expected)
			oldest = max(oldest, age)
			if !e.Sight.Trusted {
				continue
			}
			units, blamable := 1.0, true
			if isWAS {
				units = float64(max(1, s.Pool.Lately))
				blamable = r.Utilisation >= wasBusy || math.IsNaN(r.Utilisation) && !backends
			}
			e.measure(r, units, expected, blamable, e.DeadMS <= briskScrapes*cfg.PeriodMS, periodS, retryS)
			all, most := math.Inf(1), math.Inf(1)
			if usable(in.Line.Sessions) {
				binS := float64(s.History.BinMS) / 1000
				k := &s.Requests[i]
				all = in.Line.Sessions * k.total() * binS
				ahead := k.remaining(byAge(s.History.Claimed, 0)) * binS * e.Ratio
				full := expected >= fullHouse*k.total()*e.Ratio*s.pace()
				most = min(all, e.inside(in.Line.Sessions, ahead, full, periodS))
			}
			e.owe(expected, r.Throughput, all, most, periodS)
			backends = backends || e.Saturated || e.Strikes > 0 || e.Base > 0 && r.Latency > calmLatency*e.Base
		}
	}
	return oldest
}

func (s *State) kind(cfg Config, i int) Kind {
	r, _ := cfg.resource(s.Names[i])
	return r.Kind
}

// people who had claimed at the time a reading speaks of, by their age then. That
// is the middle of its window; whoever takes it for now sees load that grows as
// load that stays away. The line's own report has its age, too.
func (s *State) people(cfg Config, line Line, r Resource) [ageBins]float64 {
	lateMS := min(max(0, r.AgeMS+r.WindowMS/2-max(0, line.AgeMS)), blindAfter*cfg.PeriodMS)
	return byAge(s.History.Claimed, int((lateMS+s.History.BinMS/2)/s.History.BinMS))
}

// capacities of the resources as they will be when new calls bring load, and the
// place of the WAS among them, -1 if there is none.
func (s *State) capacities(cfg Config, in Inputs, f forecast) (believed, proved []float64, was int) {
	was = -1
	believed, proved = make([]float64, len(s.Names)), make([]float64, len(s.Names))
	for i := range s.Names {
		units := 1.0
		if s.kind(cfg, i) == KindWAS {
			was = i
			units = float64(s.warmSoon(cfg, in, f.deadS[i]))
		}
		believed[i], proved[i] = s.Estimates[i].hoped(cfg.Admission)*units, s.Estimates[i].Proved*units
	}
	return believed, proved, was
}

// warmSoon counts replicas that serve, and those that will before new calls
// bring load. One that is late is lost capacity, not coming capacity.
func (s *State) warmSoon(cfg Config, in Inputs, deadS float64) int {
	starting := max(0, in.Replicas.Desired-in.Replicas.Running)
	late := in.NowMS-s.Scale.StartedMS > 2*cfg.Replicas.ColdStartMS
	if late || float64(cfg.Replicas.ColdStartMS)/1000 > deadS {
		starting = 0
	}
	return in.Replicas.Running + starting
}

// demands is the load people brought, served or held outside.
func (s *State) demands(readings []Resource) []float64 {
	out := make([]float64, len(readings))
	for i, r := range readings {
		out[i] = math.NaN()
		if s.Estimates[i].Sight.Trusted {
			out[i] = max(0, r.Throughput+s.Estimates[i].Grows)
		}
	}
	return out
}

// learn corrects the kernels by what was counted. It comes after the decision,
// so that within one step worse news can never lead to a higher rate.
func (s *State) learn(cfg Config, in Inputs, readings []Resource, told [2]told) {
	periodS := float64(cfg.PeriodMS) / 1000
	memoryS := 8 * float64(cfg.Session.LengthMS) / 1000
	for q := range s.Claims {
		if news := told[q]; news.called > 0 || news.claimed > 0 {
			s.Claims[q].learn(byAge(s.History.Called[q], 0), news.claimed/news.overS, news.overS, memoryS, 1)
		}
	}
	demands := s.demands(readings)
	held, lost := s.suffering(), s.Pool.lost()
	pace := s.pace()
	for i, r := range readings {
		e := &s.Estimates[i]
		if !usable(demands[i]) {
			continue
		}
		people := s.people(cfg, in.Line, r)
		// People who were held do later what the kernel expects sooner: the
		// account of owed work knows that, the kernel must not learn it.
		weight, steady := 1.0, 1.0
		foreseen := s.Requests[i].expect(people)
		if held || e.Out || e.wants() > 2*e.Smooth || lost && demands[i] < foreseen {
			weight, steady = 0.02, 0.1
		}
		if foreseen > 3 {
			// Soon after an opening the shape is still being learned, and says
			// nothing about the total.
			mature := min(1, foreseen/(s.Requests[i].total()*pace+1e-9))
			seen := max(0.5, min(2, demands[i]/foreseen))
			e.Ratio += (seen - e.Ratio) * steady * mature * mature * min(1, ratioPace*float64(cfg.PeriodMS)/float64(e.DeadMS))
			e.unforeseen(foreseen, mature*mature, periodS)
		}
		s.Requests[i].learn(people, demands[i], periodS, memoryS, weight)
	}
}

// ratioPace is how often in a dead time the ratio of requests seen is renewed.
const ratioPace = 1.3

// pace is the recent claims a bin of history.
func (s *State) pace() float64 {
	const recent = 20
	sum := 0.0
	for _, n := range s.History.Claimed[historyBins-recent:] {
		sum += n
	}
	return sum / recent
}

// probe tries what has not been proved, but only when nothing but the belief
// itself stands in the way.
func (s *State) probe(cfg Config, in Inputs, w wish, f forecast) {
	idle := in.Line.Waiting <= 0
	if idle || in.Freeze || in.Pause || in.Admission.overridden(in.NowMS) {
		return
	}
	for i := range s.Estimates {
		if e := &s.Estimates[i]; e.Out {
			floor := max(in.Admission.Floor, in.Admission.Min) * f.perCall[i] * e.Ratio / cfg.Admission.Rho
			e.restart(floor, cfg.PeriodMS)
		}
	}
	waitingForReplicas := in.Replicas.Running < in.Replicas.Desired
	clamped := w.rate >= in.Admission.Max
	if waitingForReplicas || clamped {
		return
	}
	for i := range s.Estimates {
		s.Estimates[i].press(cfg.PeriodMS, s.DeadMS)
		s.Estimates[i].probe(cfg.Admission, cfg.PeriodMS, s.DeadMS)
	}
}
