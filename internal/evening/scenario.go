package evening

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/evening/staging"
	"sunbeon/reservation/upstream/legacy"
)

// Follow makes the evening that of a scenario: its people, lobby, rates and WAS
// in place of those in c.
func (c *Config) Follow(g *staging.Staging) {
	c.Staging = g
	c.People = g.Script.People()
	c.OpenIn = g.Lobby()
	c.Rate = g.Scenario.Control.Begin
	c.Replicas = g.Pool().Start
}

// bounds are those the scenario sets to the rate and the number of WAS.
func (s *system) bounds(admission *plan.ConfigureAdmission, pool *plan.SetReplicas) {
	most, floor := int64(s.cfg.Staging.Scenario.Control.RateMax*1000), int64(s.cfg.Staging.Scenario.Control.Floor*1000)
	admission.MaxMilli, admission.FloorMilli = &most, &floor
	least, top := s.cfg.Staging.Pool().Min, min(s.cfg.Staging.Pool().Max, portCount-portFirstWAS)
	pool.Min, pool.Max = &least, &top
}

// stage writes the files by which processes follow the scenario, if there is one.
func (s *system) stage() error {
	g := s.cfg.Staging
	if g == nil {
		return nil
	}
	if err := os.MkdirAll(s.dir.join("scenario"), 0o750); err != nil {
		return fmt.Errorf("stage the scenario: %w", err)
	}
	for name, value := range map[string]any{"script.json": g.Script, "steering.json": g.Steering, "faults.json": g.Faults} {
		raw, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			return fmt.Errorf("stage the scenario: %w", err)
		}
		if err := writeFile(s.dir.join("scenario", name), append(raw, '\n'), 0o640); err != nil {
			return err
		}
	}
	return nil
}

// capacities are those of the upstream systems, where a scenario gives them.
func (s *system) capacities() []string {
	if s.cfg.Staging == nil {
		return nil
	}
	flags := []string{"--vaccinated-share", "0"} // a scenario refuses nobody
	for _, system := range legacy.Systems {
		p := s.cfg.Staging.Systems[system]
		set := func(name, value string) { flags = append(flags, "--"+system+"-"+name, value) }
		set("capacity", strconv.FormatFloat(p.Capacity, 'g', -1, 64))
		set("service-time", p.ServiceTime.String())
		set("jitter", p.Jitter.String())
		set("saturation", strconv.Itoa(p.Saturation))
		set("collapse", strconv.FormatFloat(p.Collapse, 'g', -1, 64))
	}
	return flags
}

// scenarioActs are the scenario's faults in the order of their times.
func (s *system) scenarioActs(opens time.Time) []act {
	g := s.cfg.Staging
	acts := []act{{at: opens, say: "the cohort opens", do: func(ctx context.Context) error {
		raw, err := json.Marshal(g.Faults)
		if err != nil {
			return err
		}
		return s.putFaults(ctx, raw)
	}}}
	for _, f := range g.Scenario.Faults {
		at := opens.Add(time.Duration(float64(f.At) * float64(time.Second)))
		acts = append(acts, act{at: at, say: strings.TrimSpace(fmt.Sprintf("the scenario's fault begins: %s %s", f.Kind, f.Resource)), do: func(context.Context) error { return nil }})
	}
	for _, k := range g.Kills {
		acts = append(acts, act{at: opens.Add(k.At), say: fmt.Sprintf("%d WAS are killed", k.Count), do: func(context.Context) error { return s.killWAS(k.Count) }})
	}
	for _, q := range g.Silences {
		acts = append(acts,
			act{at: opens.Add(q.At), say: "the control plane stands still", do: func(context.Context) error { return s.signalControlplane(syscall.SIGSTOP) }},
			act{at: opens.Add(q.At + q.For), say: "the control plane goes on", do: func(context.Context) error { return s.signalControlplane(syscall.SIGCONT) }})
	}
	slices.SortStableFunc(acts, func(a, b act) int { return cmp.Or(a.at.Compare(b.at)) })
	return acts
}

// pid of a process by its name.
func (s *system) pid(name string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pids[name]
}

func (s *system) signalControlplane(signal syscall.Signal) error {
	var errs []error
	for i := range nodes {
		errs = append(errs, syscall.Kill(s.pid(fmt.Sprintf("controlplane-%d", i+1)), signal))
	}
	return errors.Join(errs...)
}

// killWAS kills so many of the agent's children.
func (s *system) killWAS(count int) error {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return err
	}
	agent := strconv.Itoa(s.pid("agent"))
	killed := 0
	for _, file := range stats {
		raw, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended since
		}
		// pid (name) state parent …; the name may hold anything.
		end := strings.LastIndexByte(string(raw), ')')
		fields := strings.Fields(string(raw)[end+1:])
		if len(fields) < 2 || fields[1] != agent || killed == count {
			continue
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		if err == nil && syscall.Kill(pid, syscall.SIGKILL) == nil {
			killed++
		}
	}
	if killed < count {
		return fmt.Errorf("only %d of %d WAS found to kill", killed, count)
	}
	return nil
}

// compare holds the evening against the simulated one.
func (s *system) compare(ctx context.Context, screen *screen, crowd *citizens, o *observer) (staging.Comparison, error) {
	told, err := crowd.told()
	if err != nil {
		return staging.Comparison{}, err
	}
	real := staging.Real(told.BySecond, o.samples())
	real.Failed = float64(told.Failed) / float64(max(1, told.Passes))
	real.Replicas = float64(o.observations().WASReplicasMax)
	for _, route := range []string{"GET /v1/eligibility", "GET /v1/institutions", "GET /v1/institutions/{id}/slots", "POST /v1/bookings"} {
		real.P99S = max(real.P99S, told.LatencyMS[route].P99/1000)
	}
	c, err := s.cfg.Staging.Compare(ctx, real)
	if err != nil {
		return c, err
	}
	screen.show(c.Print)
	return c, nil
}
