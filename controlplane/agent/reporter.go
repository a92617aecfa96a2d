package agent

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"sunbeon/controlplane/plan"
)

// lookEvery is how often the reporter looks at the pool, lifeEvery how often it
// shows that the agent lives.
const (
	lookEvery = 250 * time.Millisecond
	lifeEvery = 5 * time.Second
)

// ControlPlane takes commands; *client.Client does.
type ControlPlane interface {
	Submit(context.Context, plan.Command) (plan.Result, error)
}

// ReporterConfig makes a reporter.
type ReporterConfig struct {
	// ID, PrivateURL and Version are the agent's own.
	ID, PrivateURL, Version string
	Processes               func() []Process
	ControlPlane            ControlPlane
	Logger                  *slog.Logger
}

// Reporter tells the control plane how the agent and its processes are. A WAS
// that runs speaks for itself; the agent speaks for those that cannot.
type Reporter struct {
	cfg        ReporterConfig
	startedMS  int64
	registered bool
	lifeAt     time.Time
	told       map[string]told
}

// told is what the control plane was last told of a process.
type told struct {
	state string
	at    time.Time
}

// NewReporter has told nothing yet.
func NewReporter(cfg ReporterConfig) *Reporter {
	return &Reporter{cfg: cfg, startedMS: time.Now().UnixMilli(), told: map[string]told{}}
}

// Run reports until ctx ends and then says goodbye. It goes by what is true
// when it speaks, so that a report held up by an election is not an old one.
func (r *Reporter) Run(ctx context.Context) {
	ticker := time.NewTicker(lookEvery)
	defer ticker.Stop()
	for {
		r.look(ctx)
		select {
		case <-ctx.Done():
			r.leave()
			return
		case <-ticker.C:
		}
	}
}

// look reports what is due. A report that fails is due again.
func (r *Reporter) look(ctx context.Context) {
	now := time.Now()
	if now.Sub(r.lifeAt) >= lifeEvery || !r.registered && now.Sub(r.lifeAt) >= time.Second {
		r.lifeAt = now
		r.registered = r.live(ctx)
	}
	for _, p := range r.cfg.Processes() {
		last := r.told[p.ID]
		repeat := p.State == Failing && now.Sub(last.at) >= lifeEvery
		if (p.State != last.state || repeat) && r.speakFor(ctx, p) {
			r.told[p.ID] = told{p.State, now}
		}
	}
}

// live registers the agent, or reports it where it is known, and tells whether
// it is known now.
func (r *Reporter) live(ctx context.Context) bool {
	if r.registered {
		_, known := r.submit(ctx, plan.InstanceReport, plan.ReportInstance{ID: r.cfg.ID, State: plan.Ready})
		return known
	}
	ok, _ := r.submit(ctx, plan.InstanceRegister, plan.RegisterInstance{
		ID: r.cfg.ID, Kind: plan.KindAgent, PrivateURL: r.cfg.PrivateURL,
		Version: r.cfg.Version, StartedMS: r.startedMS, State: plan.Ready,
	})
	return ok
}

// speakFor reports a process that does not speak for itself, and tells whether
// the control plane knows now.
func (r *Reporter) speakFor(ctx context.Context, p Process) bool {
	switch p.State {
	case Failing:
		// It may never have got as far as making itself known.
		url := "https://" + p.Address
		ok, _ := r.submit(ctx, plan.InstanceRegister, plan.RegisterInstance{
			ID: p.ID, Kind: plan.KindWAS, URL: url, PrivateURL: url, Version: r.cfg.Version,
			Owner: r.cfg.ID, StartedMS: p.StartedMS, State: plan.Failing, Detail: p.Detail,
		})
		return ok
	case Restarting:
		return r.mention(ctx, plan.InstanceReport, plan.ReportInstance{ID: p.ID, State: plan.Starting, Detail: p.Detail})
	case Draining:
		return r.mention(ctx, plan.InstanceReport, plan.ReportInstance{ID: p.ID, State: plan.Draining})
	case Stopped:
		return r.mention(ctx, plan.InstanceForget, plan.ForgetInstance{ID: p.ID})
	}
	return true
}

// mention is submit for a process that need not be known: of a stranger there
// is nothing to correct.
func (r *Reporter) mention(ctx context.Context, kind plan.Kind, body any) bool {
	ok, known := r.submit(ctx, kind, body)
	return ok || !known
}

// leave forgets the agent; its processes are gone or say goodbye themselves.
func (r *Reporter) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, p := range r.cfg.Processes() {
		if p.State == Stopped && r.told[p.ID].state != Stopped {
			r.speakFor(ctx, p)
		}
	}
	r.submit(ctx, plan.InstanceForget, plan.ForgetInstance{ID: r.cfg.ID})
}

// submit reports whether the command was taken and, where it was refused,
// whether its target is known.
func (r *Reporter) submit(ctx context.Context, kind plan.Kind, body any) (ok, known bool) {
	command, err := plan.NewCommand(kind, body)
	if err != nil {
		r.cfg.Logger.Error("report", "kind", kind, "error", err)
		return false, true
	}
	command.Actor = r.cfg.ID
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	result, err := r.cfg.ControlPlane.Submit(ctx, command)
	switch {
	case err != nil:
		if !errors.Is(err, context.Canceled) {
			r.cfg.Logger.Debug("report not taken", "kind", kind, "error", err)
		}
		return false, true
	case !result.OK && result.Code != plan.NotFound:
		r.cfg.Logger.Warn("report refused", "kind", kind, "code", result.Code, "detail", result.Detail)
	}
	return result.OK, result.OK || result.Code != plan.NotFound
}
