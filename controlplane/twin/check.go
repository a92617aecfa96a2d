package twin

import (
	"errors"
	"fmt"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// Bounds of what is played. They keep out nonsense and what would take hours.
const (
	mostPeople    = 1e10
	mostCapacity  = 1e9
	mostFactor    = 1000
	mostError     = 1e6 // of a belief
	longest       = 24 * 3600
	longestWait   = 3600 // of one person before one thing
	longestStep   = 1
	shortestStep  = 0.01
	mostSteps     = 2_000_000
	mostReplicas  = 10_000
	mostListed    = 100
	mostSpread    = 5
	leastDuration = 60
)

// complaints about a scenario, each with the line it stands in where it came from
// a file.
type complaints struct {
	root *yaml.Node
	list []error
}

// field is a place in the scenario, found by names and places in lists.
type field struct {
	c    *complaints
	name string
	line int
}

func (c *complaints) at(path ...any) field {
	f := field{c: c}
	node := c.root
	if node != nil && node.Kind == yaml.DocumentNode {
		node = node.Content[0]
	}
	for _, step := range path {
		switch v := step.(type) {
		case string:
			if f.name != "" {
				f.name += "."
			}
			f.name += v
		case int:
			f.name += "[" + strconv.Itoa(v+1) + "]"
		}
		if node = below(node, step); node != nil {
			f.line = node.Line
		}
	}
	return f
}

// below is the value a step leads to, nil where the file does not say.
func below(node *yaml.Node, step any) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		node = node.Alias
	}
	switch v := step.(type) {
	case string:
		for i := 0; node != nil && node.Kind == yaml.MappingNode && i+1 < len(node.Content); i += 2 {
			if node.Content[i].Value == v {
				return node.Content[i+1]
			}
		}
	case int:
		if node != nil && node.Kind == yaml.SequenceNode && v < len(node.Content) {
			return node.Content[v]
		}
	}
	return nil
}

// must complains unless ok.
func (f field) must(ok bool, format string, args ...any) {
	if ok {
		return
	}
	err := fmt.Errorf("%s %s", f.name, fmt.Sprintf(format, args...))
	if f.line > 0 {
		err = fmt.Errorf("line %d: %w", f.line, err)
	}
	f.c.list = append(f.c.list, err)
}

// within complains about a value outside [low, high], and about no number.
func (f field) within(v, low, high float64) {
	f.must(v >= low && v <= high, "must be from %g to %g, is %g", low, high, v)
}

// above complains about a value outside (low, high], and about no number.
func (f field) above(v, low, high float64) {
	f.must(v > low && v <= high, "must be above %g and at most %g, is %g", low, high, v)
}

// lasts complains about a duration outside [low, high] seconds.
func (f field) lasts(d Duration, low, high float64) {
	f.must(float64(d) >= low && float64(d) <= high, "must be from %s to %s, is %s", Duration(low), Duration(high), d)
}

func (f field) few(n int) { f.must(n <= mostListed, "has %d entries, more than %d", n, mostListed) }

// Validate reports everything wrong with the scenario.
func (s *Scenario) Validate() error { return s.check(nil) }

// check reports everything wrong with the scenario, by the lines of the document
// it was read from.
func (s *Scenario) check(root *yaml.Node) error {
	c := &complaints{root: root}
	c.at("name").must(s.Name != "", "is missing")
	c.at("duration").lasts(s.Duration, leastDuration, longest)
	c.at("lobby").lasts(s.Lobby, 0, longest)
	if s.sessionLength() > 0 { // else the usual step is none either
		c.at("step").lasts(s.Step, shortestStep, longestStep)
	}
	c.at("step").must(s.Step <= 0 || float64(s.Lobby+s.Duration) <= mostSteps*float64(s.Step), "makes more than %d of the evening", mostSteps)
	s.checkPeople(c)
	s.checkSession(c)
	s.checkResources(c)
	s.checkControl(c)
	s.checkFaults(c)
	return errors.Join(c.list...)
}

func (s *Scenario) checkPeople(c *complaints) {
	p := s.People
	c.at("people", "lobby").within(p.Lobby, 0, mostPeople)
	c.at("people", "inside").within(p.Inside, 0, mostPeople)
	c.at("people", "show").above(p.Show, 0, 1)
	c.at("people", "show_later").above(p.ShowLater, 0, 1)
	c.at("people", "patience").lasts(p.Patience, 0, longest)
	c.checkDistribution(p.ClaimDelay, "people", "claim_delay")
	c.at("people", "arrivals").few(len(p.Arrivals))
	for i, a := range p.Arrivals {
		c.at("people", "arrivals", i, "shape").must(a.Shape == "uniform" || a.Shape == "burst" || a.Shape == "wave", "%q is none of uniform, burst, wave", a.Shape)
		c.at("people", "arrivals", i, "people").within(a.People, 0, mostPeople)
		c.at("people", "arrivals", i, "from").lasts(a.From, 0, float64(s.Duration))
		c.at("people", "arrivals", i, "over").lasts(a.Over, shortestStep, longest)
	}
}

func (c *complaints) checkDistribution(d Distribution, path ...any) {
	c.at(append(path, "mean")...).lasts(d.Mean, 0, longestWait)
	c.at(append(path, "cv")...).within(d.CV, 0, mostSpread)
}

func (s *Scenario) checkSession(c *complaints) {
	c.at("session", "leave").must(s.Session.Leave >= 0 && s.Session.Leave < 1, "must be from 0 to below 1, is %g", s.Session.Leave)
	c.at("session", "retry", "give_up").within(s.Session.Retry.GiveUp, 0, 1)
	c.checkDistribution(s.Session.Retry.After, "session", "retry", "after")
	c.at("session", "requests").few(len(s.Session.Requests))
	c.at("session", "requests").must(s.sessionLength() > 0, "take no time at all: some page needs a think time")
	known := map[string]bool{}
	for _, r := range s.Resources {
		known[r.Name] = true
	}
	for i, r := range s.Session.Requests {
		c.checkDistribution(r.Think, "session", "requests", i, "think")
		for name, uses := range r.Uses {
			f := c.at("session", "requests", i, "uses", name)
			f.must(known[name], "is no resource of this scenario")
			f.within(uses, 0, mostFactor)
		}
	}
}

func (s *Scenario) checkResources(c *complaints) {
	c.at("resources").few(len(s.Resources))
	seen, pools := map[string]bool{}, 0
	for i, r := range s.Resources {
		at := func(path ...any) field { return c.at(append([]any{"resources", i}, path...)...) }
		at("name").must(r.Name != "" && !seen[r.Name], "%q is empty or used twice", r.Name)
		seen[r.Name] = true
		at("latency").lasts(r.Latency, 0.0001, 60)
		at("noise").within(r.Noise, 0, 1)
		at("collapse").within(r.Collapse, 0, mostFactor)
		at("prior", "believed").above(r.Prior.Believed, 0, mostError)
		at("prior", "proved").above(r.Prior.Proved, 0, r.Prior.Believed)
		at("prior", "visits").above(r.Prior.Visits, 0, mostError)
		if r.Replicas == nil {
			at("per_replica").must(r.PerReplica == 0, "is of a resource with replicas; this one has a capacity")
			at("capacity").above(r.Capacity, 0, mostCapacity)
			continue
		}
		pools++
		at("capacity").must(r.Capacity == 0, "is of a resource without replicas; this one has per_replica")
		at("per_replica").above(r.PerReplica, 0, mostCapacity)
		at("replicas", "min").within(float64(r.Replicas.Min), 1, mostReplicas)
		at("replicas", "start").within(float64(r.Replicas.Start), float64(r.Replicas.Min), mostReplicas)
		at("replicas", "max").within(float64(r.Replicas.Max), float64(r.Replicas.Start), mostReplicas)
		at("replicas", "cold_start").lasts(r.Replicas.ColdStart, 0, longestWait)
	}
	c.at("resources").must(pools == 1, "must hold exactly one with replicas, %d have them", pools)
}

func (s *Scenario) checkControl(c *complaints) {
	c.at("local_gate", "queue").lasts(s.LocalGate.Queue, shortestStep, 60)
	c.at("local_gate", "deadline").lasts(s.LocalGate.Deadline, shortestStep, longestWait)
	c.at("local_gate", "reject_cost").within(s.LocalGate.RejectCost, 0, 1)
	c.at("telemetry", "delay").lasts(s.Telemetry.Delay, 0, 60)
	c.at("telemetry", "window").lasts(s.Telemetry.Window, float64(s.Control.Period), 60)
	c.at("telemetry", "noise").within(s.Telemetry.Noise, 0, 1)
	c.at("control", "period").lasts(s.Control.Period, float64(s.Step), 60)
	c.at("control", "delay").lasts(s.Control.Delay, 0, 60)
	c.at("control", "session_prior").above(s.Control.SessionX, 0, mostFactor)
	c.at("control", "claim_prior").above(s.Control.ClaimX, 0, mostFactor)
	if len(c.list) == 0 { // what is wrong above may be all that is wrong with these
		c.at("control", "rate_max").above(s.Control.RateMax, 0, 100*mostCapacity)
		c.at("control", "floor").within(s.Control.Floor, 0, s.Control.RateMax)
		c.at("control", "rate_begin").within(s.Control.Begin, 0, s.Control.RateMax)
	}
}

func (s *Scenario) checkFaults(c *complaints) {
	c.at("faults").few(len(s.Faults))
	known := map[string]bool{}
	for _, r := range s.Resources {
		known[r.Name] = true
	}
	for i, f := range s.Faults {
		at := func(name string) field { return c.at("faults", i, name) }
		if err := f.validate(known); err != nil {
			c.at("faults", i).must(false, "%v", err)
		}
		at("at").must(f.At >= -s.Lobby && f.At < s.Duration, "%s is not in the evening, which ends at %s", f.At, s.Duration)
		at("for").lasts(f.For, 0, longest)
		at("factor").within(f.Factor, 0, mostFactor)
		at("period").lasts(f.Period, 0, longest)
		at("count").within(float64(f.Count), 0, mostReplicas)
	}
}
