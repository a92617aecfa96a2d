package loop

import (
	"maps"
	"slices"

	"sunbeon/controlplane/plan"
	"sunbeon/controlplane/steering"
	"sunbeon/controlplane/telemetry"
)

// neverMS is the age of what was never measured: older than any limit.
const neverMS = 3_600_000

// observed is one look at the system.
type observed struct {
	nowMS        int64
	term         uint64
	freshScrapes int
	plan         *plan.Plan
	reading      telemetry.Reading
}

// inputs translates a look into what the steering asks for.
func (o observed) inputs(resources []steering.ResourceConfig) steering.Inputs {
	in := steering.Inputs{
		NowMS: o.nowMS, Term: o.term, FreshScrapes: o.freshScrapes,
		Replicas: steering.Replicas{Desired: o.plan.ReplicasAt(o.nowMS), Running: o.running()},
		Freeze:   o.plan.FrozenAt(plan.TargetAdmission, o.nowMS) && o.plan.FrozenAt(plan.TargetReplicas, o.nowMS),
		Pause:    o.plan.Held(plan.All),
		Incident: o.plan.ActiveIncident(),
	}
	o.line(&in)
	for _, r := range resources {
		in.Resources = append(in.Resources, o.resource(r))
	}
	in.Admission = o.admission()
	in.Scaling = o.scaling()
	in.Opening = steering.Control{Mode: steering.ModeAuto}
	return in
}

// line sums the open cohorts' lines and lists every cohort's timetable.
func (o observed) line(in *steering.Inputs) {
	newest := int64(0)
	for _, id := range slices.Sorted(maps.Keys(o.plan.Cohorts)) {
		c := o.plan.Cohorts[id]
		line := o.plan.LineOf(id)
		serving := o.plan.Segments[id].Current.At(o.nowMS)
		called := min(serving, line.Issued)
		waiting := float64(line.Issued - called)
		in.Cohorts = append(in.Cohorts, steering.Cohort{
			ID: id, Weight: float64(c.Weight), OpenMS: c.OpenMS, CloseMS: c.CloseMS,
			Approved: len(c.ApprovedBy) > 0, Open: c.Phase == plan.Open, Waiting: waiting,
			Limited: c.Supply > 0, Supply: float64(max(c.Supply-called, 0)),
		})
		newest = max(newest, line.ReportMS)
		lobby := int64(0)
		if c.Draw != nil {
			lobby = c.Draw.Count
		}
		in.Line.Lobby.Called += float64(min(called, lobby))
		in.Line.Lobby.Claimed += float64(line.ClaimedLobby)
		in.Line.Later.Called += float64(max(called-lobby, 0))
		in.Line.Later.Claimed += float64(max(line.Claimed-line.ClaimedLobby, 0))
		in.Line.Sessions += float64(line.Sessions)
		if c.Phase == plan.Open {
			// Who has been called and is held at the door is let in by the rate, too:
			// a line called to its end is not idle while somebody asks.
			in.Line.Waiting += waiting + float64(line.Asking)
		}
	}
	in.Line.AgeMS = neverMS
	if newest > 0 {
		in.Line.AgeMS = max(o.nowMS-newest, 0)
	}
}

func (o observed) resource(r steering.ResourceConfig) steering.Resource {
	get := func(signal string) float64 { return o.reading.Get(r.Name, signal) }
	out := steering.Resource{
		Name: r.Name, Kind: r.Kind, AgeMS: neverMS, WindowMS: telemetry.Span.Milliseconds(),
		Throughput: get(telemetry.Throughput), InFlight: get(telemetry.InFlight), Latency: get(telemetry.Latency),
		Rejected: zeroIfMissing(o.reading, r.Name, telemetry.Rejected), Rejecting: zeroIfMissing(o.reading, r.Name, telemetry.Rejecting),
		Utilisation: get(telemetry.Utilisation),
	}
	if age := o.reading.Get("was", telemetry.Age); age >= 0 {
		out.AgeMS = int64(age * 1000)
	}
	return out
}

// zeroIfMissing reads a counter's rate that has no series until it first
// counts, which is no news of its own.
func zeroIfMissing(r telemetry.Reading, resource, signal string) float64 {
	return r[resource][signal]
}

func (o observed) admission() steering.Control {
	a := o.plan.Admission
	control := steering.Control{
		Mode: mode(a.Mode), Epoch: a.Index,
		Min: perSecond(a.MinMilli), Max: perSecond(a.MaxMilli), Floor: perSecond(a.FloorMilli),
		Current: o.rate(), Override: override(o.plan, plan.TargetAdmission, o.nowMS, perSecond),
	}
	return control
}

// rate is the admission rate in force, or the approved one to begin with where
// no cohort has been called yet.
func (o observed) rate() float64 {
	total, any := int64(0), false
	for id, c := range o.plan.Cohorts {
		if s, ok := o.plan.Segments[id]; ok && c.Phase == plan.Open {
			total, any = total+s.Current.RateMilli, true
		}
	}
	if !any {
		return perSecond(o.plan.Admission.RateMilli)
	}
	return perSecond(total)
}

func (o observed) scaling() steering.Control {
	r := o.plan.Replicas
	return steering.Control{
		Mode: mode(r.Mode), Epoch: r.Index,
		Min: float64(r.Min), Max: float64(r.Max), Floor: float64(r.Min), Current: float64(o.plan.ReplicasAt(o.nowMS)),
		Override: override(o.plan, plan.TargetReplicas, o.nowMS, func(v int64) float64 { return float64(v) }),
	}
}

func override(p *plan.Plan, target string, nowMS int64, unit func(int64) float64) *steering.Override {
	o, ok := p.OverrideAt(target, nowMS)
	if !ok {
		return nil
	}
	return &steering.Override{Value: unit(o.Value), UntilMS: o.UntilMS, Owner: o.Owner, Reason: o.Reason}
}

func mode(m plan.Mode) steering.Mode { return steering.Mode(m) }

func perSecond(milli int64) float64 { return float64(milli) / 1000 }

// running counts the WAS that serve: ready by their own last report, and no more
// than answered the last scrapes. The plan keeps a WAS for a while that froze;
// without telemetry it is all there is to go by.
func (o observed) running() int {
	n := 0
	for _, i := range o.plan.Instances {
		if i.Kind == plan.KindWAS && i.State == plan.Ready {
			n++
		}
	}
	if up := o.reading.Get("was", telemetry.UpWAS); up >= 0 {
		n = min(n, int(up))
	}
	return n
}
