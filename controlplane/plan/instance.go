package plan

// Kinds of instance.
const (
	KindGate         = "gate"
	KindWAS          = "was"
	KindAgent        = "agent"
	KindControlPlane = "controlplane"
	KindLegacy       = "legacy"
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
	// ReportMS is the leader's time of the last report.
	ReportMS int64 `json:"report_ms"`
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
