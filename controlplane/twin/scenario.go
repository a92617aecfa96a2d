package twin

import "math"

// Scenario is one evening, as written in a scenario file.
type Scenario struct {
	Name      string     `yaml:"name"`
	Summary   string     `yaml:"summary"`
	Step      Duration   `yaml:"step"`
	Lobby     Duration   `yaml:"lobby"`
	Duration  Duration   `yaml:"duration"`
	People    People     `yaml:"people"`
	Session   Session    `yaml:"session"`
	Resources []Resource `yaml:"resources"`
	LocalGate LocalGate  `yaml:"local_gate"`
	Telemetry Telemetry  `yaml:"telemetry"`
	Control   Control    `yaml:"control"`
	Faults    []Fault    `yaml:"faults"`
}

// People is who comes, when, and whether they answer when called.
type People struct {
	Lobby      float64      `yaml:"lobby"`
	Inside     float64      `yaml:"inside"` // let in before the opening, in the middle of their sessions
	Arrivals   []Arrival    `yaml:"arrivals"`
	Show       float64      `yaml:"show"`
	ShowLater  float64      `yaml:"show_later"`
	ClaimDelay Distribution `yaml:"claim_delay"`
	Patience   Duration     `yaml:"patience"`
}

// Arrival is a stream of people joining after the opening.
type Arrival struct {
	Shape  string   `yaml:"shape"` // uniform, burst, wave
	People float64  `yaml:"people"`
	From   Duration `yaml:"from"`
	Over   Duration `yaml:"over"`
}

// Session is what an admitted person does.
type Session struct {
	Requests []Request `yaml:"requests"`
	Leave    float64   `yaml:"leave"` // share that leaves, content, after each request
	Retry    Retry     `yaml:"retry"`
}

// Request is one page: first the person thinks, then it is asked for.
type Request struct {
	Name  string             `yaml:"name"`
	Think Distribution       `yaml:"think"`
	Uses  map[string]float64 `yaml:"uses"` // requests to each resource; one to the WAS is implied
}

// Retry is how people meet a "hold on".
type Retry struct {
	After  Distribution `yaml:"after"`
	GiveUp float64      `yaml:"give_up"` // share that leaves for good after each
}

// Distribution of a time, log-normal.
type Distribution struct {
	Mean Duration `yaml:"mean"`
	CV   float64  `yaml:"cv"` // standard deviation ÷ mean
}

// Resource is one thing that can be short. Capacities are requests a second.
type Resource struct {
	Name       string    `yaml:"name"`
	Capacity   float64   `yaml:"capacity"`    // of a backend
	PerReplica float64   `yaml:"per_replica"` // of a WAS
	Latency    Duration  `yaml:"latency"`
	Noise      float64   `yaml:"noise"`    // standard deviation of capacity, relative
	Collapse   float64   `yaml:"collapse"` // loss of throughput a second of queue beyond one
	Replicas   *Replicas `yaml:"replicas"` // makes it the WAS pool
	Prior      Prior     `yaml:"prior"`
}

// Replicas of the WAS pool.
type Replicas struct {
	Start     int      `yaml:"start"`
	Min       int      `yaml:"min"`
	Max       int      `yaml:"max"`
	ColdStart Duration `yaml:"cold_start"`
}

// Prior is what the operators thought before the evening, as shares of the true
// capacity. Every controller is told the same.
type Prior struct {
	Proved   float64 `yaml:"proved"`
	Believed float64 `yaml:"believed"`
	Visits   float64 `yaml:"visits"` // error of the assumed visits a session
}

// LocalGate is the WAS's own protection; every controller lives with it.
type LocalGate struct {
	Off        bool     `yaml:"off"`
	Queue      Duration `yaml:"queue"`
	Deadline   Duration `yaml:"deadline"`
	RejectCost float64  `yaml:"reject_cost"` // of a WAS request
}

// Telemetry is what the controllers see of it all.
type Telemetry struct {
	Delay  Duration `yaml:"delay"`
	Window Duration `yaml:"window"` // over which rates and latencies are means
	Noise  float64  `yaml:"noise"`
}

// Control are bounds and delays every controller lives with.
type Control struct {
	Period   Duration `yaml:"period"`
	Delay    Duration `yaml:"delay"` // from decision to the gates
	RateMax  float64  `yaml:"rate_max"`
	Floor    float64  `yaml:"floor"`
	Begin    float64  `yaml:"rate_begin"`    // approved beforehand; 0 leaves it to the controller
	SessionX float64  `yaml:"session_prior"` // error of the assumed session length
	ClaimX   float64  `yaml:"claim_prior"`   // error of the assumed claim delay
}

// Fault is something that happens at a time.
type Fault struct {
	At       Duration `yaml:"at"`
	For      Duration `yaml:"for"`
	Kind     string   `yaml:"kind"`
	Resource string   `yaml:"resource"`
	Factor   float64  `yaml:"factor"`
	Period   Duration `yaml:"period"`
	Count    int      `yaml:"count"`
}

func orElse[T comparable](v *T, other T) {
	var zero T
	if *v == zero {
		*v = other
	}
}

func (s *Scenario) fill() {
	orElse(&s.Duration, 3600)
	orElse(&s.Lobby, 120)
	orElse(&s.People.Show, 0.9)
	orElse(&s.People.ShowLater, s.People.Show)
	orElse(&s.People.ClaimDelay, Distribution{Mean: 12, CV: 1})
	orElse(&s.Session.Retry.After, Distribution{Mean: 4, CV: 0.4})
	if len(s.Session.Requests) == 0 {
		s.Session.Requests = usualRequests(s.Resources)
	}
	orElse(&s.Step, Duration(min(0.5, s.sessionLength()/60)))
	for i := range s.Resources {
		r := &s.Resources[i]
		orElse(&r.Latency, 0.05)
		orElse(&r.Prior.Believed, 0.8)
		orElse(&r.Prior.Proved, min(0.5, r.Prior.Believed))
		orElse(&r.Prior.Visits, 1)
		if r.Replicas != nil {
			orElse(&r.Replicas.Min, 1)
			orElse(&r.Replicas.Start, r.Replicas.Min)
			orElse(&r.Replicas.Max, 40)
			orElse(&r.Replicas.ColdStart, 45)
		}
	}
	orElse(&s.LocalGate.Queue, 0.8)
	orElse(&s.LocalGate.Deadline, 3)
	orElse(&s.LocalGate.RejectCost, 0.05)
	orElse(&s.Control.Period, 1)
	orElse(&s.Telemetry.Window, s.Control.Period)
	orElse(&s.Control.SessionX, 1)
	orElse(&s.Control.ClaimX, 1)
	nominal := s.nominalRate()
	orElse(&s.Control.RateMax, 4*nominal)
	orElse(&s.Control.Floor, min(0.3*nominal, s.Control.RateMax))
	for i := range s.Faults {
		if f := &s.Faults[i]; f.Kind == faultFlap {
			orElse(&f.Period, 120)
		}
	}
}

// usualRequests is the booking of 2021: check, find, look, look again, book.
func usualRequests(resources []Resource) []Request {
	requests := []Request{
		{Name: "eligibility", Think: Distribution{3, 0.7}, Uses: map[string]float64{"eligibility": 1, "identity": 1}},
		{Name: "institutions", Think: Distribution{20, 0.7}},
		{Name: "slots", Think: Distribution{30, 0.7}, Uses: map[string]float64{"stock": 0.5}},
		{Name: "slots-again", Think: Distribution{30, 0.7}, Uses: map[string]float64{"stock": 0.5}},
		{Name: "book", Think: Distribution{35, 0.7}, Uses: map[string]float64{"stock": 1, "ledger": 1}},
	}
	known := map[string]bool{}
	for _, r := range resources {
		known[r.Name] = true
	}
	for _, request := range requests {
		for name := range request.Uses {
			if !known[name] {
				delete(request.Uses, name)
			}
		}
	}
	return requests
}

// sessionLength is the mean time from claim to booking, in seconds.
func (s *Scenario) sessionLength() float64 {
	sum := 0.0
	for _, r := range s.Session.Requests {
		sum += float64(r.Think.Mean)
	}
	return sum
}

// pace is how much faster than on a real evening, with its two minutes, sessions
// run; at least 1.
func (s *Scenario) pace() float64 { return max(1, 120/s.sessionLength()) }

// visits is how many requests a session makes to a resource, leavers included.
func (s *Scenario) visits(resource Resource) float64 {
	sum, still := 0.0, 1.0
	for _, r := range s.Session.Requests {
		sum += still * r.uses(resource)
		still *= 1 - s.Session.Leave
	}
	return sum
}

// visitedAt is the mean age, in seconds since the claim, of a session's requests
// to a resource.
func (s *Scenario) visitedAt(resource Resource) float64 {
	sum, at, still := 0.0, 0.0, 1.0
	for _, r := range s.Session.Requests {
		at += float64(r.Think.Mean)
		sum += at * still * r.uses(resource)
		still *= 1 - s.Session.Leave
	}
	return sum / max(s.visits(resource), 1e-9)
}

func (r Request) uses(resource Resource) float64 {
	if v, ok := r.Uses[resource.Name]; ok {
		return v
	}
	if resource.Replicas != nil {
		return 1
	}
	return 0
}

// nominalRate is the call rate that fills the tightest resource when nothing is
// broken and every replica runs.
func (s *Scenario) nominalRate() float64 {
	rate := math.Inf(1)
	for _, r := range s.Resources {
		rate = min(rate, s.callLimit(r))
	}
	if math.IsInf(rate, 1) {
		return 0
	}
	return rate
}

// Approved is the scenario with a rate to begin with: its own, or else what the
// operators' beliefs add up to.
func (s *Scenario) Approved() *Scenario {
	approved := *s
	orElse(&approved.Control.Begin, min(priorRate(s), s.Control.RateMax))
	return &approved
}

// callLimit is the call rate that fills one resource; infinite where nobody
// asks it.
func (s *Scenario) callLimit(r Resource) float64 {
	capacity, visits := r.Capacity, s.visits(r)
	if r.Replicas != nil {
		capacity = r.PerReplica * float64(r.Replicas.Max)
	}
	if visits <= 0 {
		return math.Inf(1)
	}
	return capacity / visits / s.People.Show
}
