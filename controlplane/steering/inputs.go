package steering

// Kind says what scaling can do about a resource.
type Kind string

// A WAS resource grows with replicas; a backend (ledger, eligibility, stock,
// identity) does not, whatever is started in front of it.
const (
	KindWAS     Kind = "was"
	KindBackend Kind = "backend"
)

// Inputs is everything one step may look at. Times are unix milliseconds.
type Inputs struct {
	NowMS int64  `json:"now_ms"`
	Term  uint64 `json:"term"` // Raft term of the leader that steers; a new one starts carefully
	// FreshScrapes counts complete scrapes since this leader took over.
	FreshScrapes int `json:"fresh_scrapes"`

	Line      Line       `json:"line"`
	Resources []Resource `json:"resources"`
	Replicas  Replicas   `json:"replicas"`
	Cohorts   []Cohort   `json:"cohorts"`

	Admission Control `json:"admission"` // unit: calls a second
	Scaling   Control `json:"scaling"`   // unit: WAS replicas
	Opening   Control `json:"opening"`   // no value: only the mode is read

	Freeze   bool `json:"freeze"`   // global freeze: nothing is raised, opened or scaled
	Pause    bool `json:"pause"`    // one-way pause: the rate is zero until it is lifted
	Incident bool `json:"incident"` // an active incident keeps further cohorts closed
}

// Line is what the gates know exactly.
type Line struct {
	AgeMS int64 `json:"age_ms"` // age of the newest report
	// Lobby and Later keep people who waited for the opening apart from those
	// who came after it: they claim differently.
	Lobby    Flow    `json:"lobby"`
	Later    Flow    `json:"later"`
	Waiting  float64 `json:"waiting"`  // people with a ticket, not yet called or called and held at the door
	Sessions float64 `json:"sessions"` // admitted and neither booked nor gone
}

// Flow holds cumulative counts.
type Flow struct {
	Called  float64 `json:"called"`
	Claimed float64 `json:"claimed"`
}

// Resource is one scrape of one resource, summed over the replicas that use it.
// Rates are a second. NaN means not measured.
type Resource struct {
	Name  string `json:"name"`
	Kind  Kind   `json:"kind"`
	AgeMS int64  `json:"age_ms"` // newest sample that covers 80 % of the instances
	// WindowMS is the span before that sample over which rates and latencies are
	// means; 0 where they are of the moment.
	WindowMS int64 `json:"window_ms,omitempty"`
	// Throughput counts useful completions only.
	Throughput float64 `json:"throughput"`
	InFlight   float64 `json:"in_flight"`
	// Latency in seconds, measured after the bulkhead.
	Latency float64 `json:"latency"`
	// Rejected is the rate of "hold on" answers the local gates gave because of
	// this resource; Rejecting the share of replicas that gave at least one.
	Rejected  float64 `json:"rejected"`
	Rejecting float64 `json:"rejecting"`
	// Utilisation of the resource's own processor, 0–1. Only WAS are asked.
	Utilisation float64 `json:"utilisation"`
}

// Replicas of the WAS pool.
type Replicas struct {
	Desired int `json:"desired"`
	Running int `json:"running"` // serving and warm
}

// Cohort is one group's timetable and line.
type Cohort struct {
	ID       string  `json:"id"`
	Weight   float64 `json:"weight"`
	OpenMS   int64   `json:"open_ms"`
	CloseMS  int64   `json:"close_ms"`
	Approved bool    `json:"approved"` // two people approved its opening beforehand
	Open     bool    `json:"open"`
	Waiting  float64 `json:"waiting"`
	// Supply is the number of further calls tonight's doses allow; 0 with
	// Limited means none is left.
	Supply  float64 `json:"supply"`
	Limited bool    `json:"limited"`
}

// Mode is how far an actuator may act by itself.
type Mode string

// Off keeps the last approved value. Advise and Approve only propose increases;
// decreases stay automatic in both.
const (
	ModeOff     Mode = "off"
	ModeAdvise  Mode = "advise"
	ModeApprove Mode = "approve"
	ModeAuto    Mode = "auto"
)

// Control is what people allow an actuator to do. The bounds are hard.
type Control struct {
	Mode Mode `json:"mode"`
	// Epoch changes whenever a person sets the mode; it lifts a demotion.
	Epoch uint64  `json:"epoch"`
	Min   float64 `json:"min"`
	Max   float64 `json:"max"`
	// Floor is the certified-safe value a blind actuator decays to.
	Floor    float64   `json:"floor"`
	Current  float64   `json:"current"` // in force now, as the plan has it
	Override *Override `json:"override,omitempty"`
	// Approved is the value a person approved for the pending proposal.
	Approved *float64 `json:"approved,omitempty"`
}

// Override is an operator's value; it wins until it expires.
type Override struct {
	Value   float64 `json:"value"`
	UntilMS int64   `json:"until_ms"`
	Owner   string  `json:"owner"`
	Reason  string  `json:"reason"`
}

func (c Control) overridden(nowMS int64) bool {
	return c.Override != nil && nowMS < c.Override.UntilMS
}

func (c Control) clamp(v float64) float64 {
	return max(c.Min, min(c.Max, v))
}
