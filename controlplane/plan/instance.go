package plan

// Kinds of instance.
const (
	KindGate         = "gate"
	KindWAS          = "was"
	KindAgent        = "agent"
	KindControlPlane = "controlplane"
)

// Instance is a running process that made itself known.
type Instance struct {
	Revision
	ID   string `json:"id"`
	Kind string `json:"kind"`
	// URL serves others: citizens, operators or gates. PrivateURL has
	// /metrics and /healthz.
	URL        string `json:"url,omitempty"`
	PrivateURL string `json:"private_url"`
	Version    string `json:"version,omitempty"`
	// Owner is the agent that runs it, where one does.
	Owner     string `json:"owner,omitempty"`
	StartedMS int64  `json:"started_ms"`
	// State is [Starting], [Ready], [Draining] or [Failing].
	State string `json:"state"`
	// Detail says what fails.
	Detail string `json:"detail,omitempty"`
	// ReportMS is the leader's time of the last report; SkewMS is how far it
	// was ahead of the instance's own.
	ReportMS int64 `json:"report_ms"`
	SkewMS   int64 `json:"skew_ms"`
}

// States of an instance.
const (
	Starting = "starting"
	Ready    = "ready"
	Draining = "draining"
	Failing  = "failing"
)

// RegisterInstance is the body of instance.register. Registering again
// replaces what was known.
type RegisterInstance struct {
	ID         string `json:"id"`
	Kind       string `json:"kind"`
	URL        string `json:"url,omitempty"`
	PrivateURL string `json:"private_url"`
	Version    string `json:"version,omitempty"`
	Owner      string `json:"owner,omitempty"`
	StartedMS  int64  `json:"started_ms"`
	State      string `json:"state"`
	Detail     string `json:"detail,omitempty"`
}

// ReportInstance is the body of instance.report: a sign of life, due every 5 s
// and at every change of state.
type ReportInstance struct {
	ID     string `json:"id"`
	State  string `json:"state"`
	Detail string `json:"detail,omitempty"`
}

// ForgetInstance is the body of instance.forget: the process said goodbye, or
// the leader found it silent.
type ForgetInstance struct {
	ID string `json:"id"`
}

// maxInstances bounds the section.
const maxInstances = 10_000

func registerInstance(d *draft, b RegisterInstance) error {
	if b.ID == "" || b.Kind == "" || !stateKnown(b.State) {
		return refuse(Malformed, "an instance needs an id, a kind and a state, not %q, %q and %q", b.ID, b.Kind, b.State)
	}
	if _, known := d.Instances[b.ID]; !known && len(d.Instances) >= maxInstances {
		return refuse(TooLarge, "%d instances are registered", len(d.Instances))
	}
	put(&d.Instances, b.ID, Instance{
		Revision: d.now(), ID: b.ID, Kind: b.Kind, URL: b.URL, PrivateURL: b.PrivateURL,
		Version: b.Version, Owner: b.Owner, StartedMS: b.StartedMS, State: b.State, Detail: b.Detail,
		ReportMS: d.ClockMS, SkewMS: d.ClockMS - d.command.TimeMS,
	})
	return nil
}

// reportInstance refuses an instance that is not known (any more): it has to
// register again.
func reportInstance(d *draft, b ReportInstance) error {
	i, ok := d.Instances[b.ID]
	switch {
	case !ok:
		return refuse(NotFound, "instance %q", b.ID)
	case !stateKnown(b.State):
		return refuse(Malformed, "state %q", b.State)
	}
	i.Revision, i.State, i.Detail = d.now(), b.State, b.Detail
	i.ReportMS, i.SkewMS = d.ClockMS, d.ClockMS-d.command.TimeMS
	put(&d.Instances, b.ID, i)
	return nil
}

func forgetInstance(d *draft, b ForgetInstance) error {
	i, ok := d.Instances[b.ID]
	if !ok {
		return refuse(NotFound, "instance %q", b.ID)
	}
	if err := d.unchanged(i.Revision); err != nil {
		return err
	}
	drop(&d.Instances, b.ID)
	return nil
}

func stateKnown(s string) bool {
	return s == Starting || s == Ready || s == Draining || s == Failing
}
