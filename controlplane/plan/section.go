package plan

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// section is one topic of the plan, seen without its type.
type section interface {
	topic() Topic
	// changes appends what differs between two plans, in key order.
	changes(out []Change, old, now *Plan) ([]Change, error)
	// take writes a change into p, which is not shared yet. A map that was
	// taken over from another plan is copied first: owned remembers which
	// are p's already.
	take(p *Plan, c Change, owned map[Topic]bool) error
}

// sections in the order of the canonical encoding.
var sections = []section{
	single[Cluster]{TopicCluster, func(p *Plan) *Cluster { return &p.Cluster }},
	single[Admission]{TopicAdmission, func(p *Plan) *Admission { return &p.Admission }},
	single[Replicas]{TopicReplicas, func(p *Plan) *Replicas { return &p.Replicas }},
	keyed[Cohort]{TopicCohorts, func(p *Plan) *map[string]Cohort { return &p.Cohorts }},
	keyed[Segments]{TopicSegments, func(p *Plan) *map[string]Segments { return &p.Segments }},
	keyed[Line]{TopicLines, func(p *Plan) *map[string]Line { return &p.Lines }},
	keyed[Instance]{TopicInstances, func(p *Plan) *map[string]Instance { return &p.Instances }},
	keyed[Override]{TopicOverrides, func(p *Plan) *map[string]Override { return &p.Overrides }},
	keyed[Hold]{TopicHolds, func(p *Plan) *map[string]Hold { return &p.Holds }},
	keyed[Freeze]{TopicFreezes, func(p *Plan) *map[string]Freeze { return &p.Freezes }},
	keyed[Revocation]{TopicPasses, func(p *Plan) *map[string]Revocation { return &p.Passes }},
	keyed[Checkpoint]{TopicCheckpoints, func(p *Plan) *map[string]Checkpoint { return &p.Checkpoints }},
	keyed[ControllerState]{TopicControllers, func(p *Plan) *map[string]ControllerState { return &p.Controllers }},
	keyed[Operator]{TopicOperators, func(p *Plan) *map[string]Operator { return &p.Operators }},
	decisions{},
	keyed[Proposal]{TopicProposals, func(p *Plan) *map[string]Proposal { return &p.Proposals }},
	keyed[Undo]{TopicUndos, func(p *Plan) *map[string]Undo { return &p.Undos }},
	keyed[Incident]{TopicIncidents, func(p *Plan) *map[string]Incident { return &p.Incidents }},
	keyed[ShiftNote]{TopicHandovers, func(p *Plan) *map[string]ShiftNote { return &p.Handovers }},
	keyed[Member]{TopicMembers, func(p *Plan) *map[string]Member { return &p.Members }},
	keyed[Trial]{TopicTrials, func(p *Plan) *map[string]Trial { return &p.Trials }},
}

var sectionOf = func() map[Topic]section {
	byTopic := make(map[Topic]section, len(sections))
	for _, s := range sections {
		byTopic[s.topic()] = s
	}
	return byTopic
}()

// revisioned is anything that embeds [Revision].
type revisioned interface{ revision() uint64 }

// single is a section with one value and no key.
type single[V revisioned] struct {
	name Topic
	of   func(*Plan) *V
}

func (s single[V]) topic() Topic { return s.name }

func (s single[V]) changes(out []Change, old, now *Plan) ([]Change, error) {
	if (*s.of(old)).revision() == (*s.of(now)).revision() {
		return out, nil
	}
	return appendChange(out, s.name, "", s.of(now))
}

func (s single[V]) take(p *Plan, c Change, _ map[Topic]bool) error {
	var v V
	if err := json.Unmarshal(c.Value, &v); err != nil {
		return err
	}
	*s.of(p) = v
	return nil
}

// keyed is a section of values by name.
type keyed[V revisioned] struct {
	name Topic
	of   func(*Plan) *map[string]V
}

func (s keyed[V]) topic() Topic { return s.name }

func (s keyed[V]) changes(out []Change, old, now *Plan) ([]Change, error) {
	before, after := *s.of(old), *s.of(now)
	if reflect.ValueOf(before).Pointer() == reflect.ValueOf(after).Pointer() {
		return out, nil
	}
	var keys []string
	for k, v := range after {
		if was, ok := before[k]; !ok || was.revision() != v.revision() {
			keys = append(keys, k)
		}
	}
	for k := range before {
		if _, ok := after[k]; !ok {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	var err error
	for _, k := range keys {
		v, ok := after[k]
		if !ok {
			out = append(out, Change{Topic: s.name, Key: k})
			continue
		}
		if out, err = appendChange(out, s.name, k, v); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (s keyed[V]) take(p *Plan, c Change, owned map[Topic]bool) error {
	if !owned[s.name] {
		*s.of(p) = maps.Clone(*s.of(p))
		owned[s.name] = true
	}
	if len(c.Value) == 0 {
		delete(*s.of(p), c.Key)
		return nil
	}
	var v V
	if err := json.Unmarshal(c.Value, &v); err != nil {
		return err
	}
	if *s.of(p) == nil {
		*s.of(p) = map[string]V{}
	}
	(*s.of(p))[c.Key] = v
	return nil
}

// decisions is the ring of decisions: keyed by index, never changed, trimmed
// at its old end by every plan alike, so that trimming is no change.
type decisions struct{}

func (decisions) topic() Topic { return TopicDecisions }

func (decisions) changes(out []Change, old, now *Plan) ([]Change, error) {
	var last uint64
	if n := len(old.Decisions); n > 0 {
		last = old.Decisions[n-1].Index
	}
	first := len(now.Decisions)
	for first > 0 && now.Decisions[first-1].Index > last {
		first--
	}
	var err error
	for _, d := range now.Decisions[first:] {
		if out, err = appendChange(out, TopicDecisions, fmt.Sprint(d.Index), d); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (decisions) take(p *Plan, c Change, owned map[Topic]bool) error {
	var d Decision
	if err := json.Unmarshal(c.Value, &d); err != nil {
		return err
	}
	if !owned[TopicDecisions] {
		p.Decisions = slices.Clone(p.Decisions)
		owned[TopicDecisions] = true
	}
	p.Decisions = appendDecision(p.Decisions, d)
	return nil
}

// appendDecision adds to a ring, in place where its array has room.
func appendDecision(ring []Decision, d Decision) []Decision {
	if len(ring) >= MaxDecisions {
		ring = ring[len(ring)-MaxDecisions+1:]
	}
	return append(ring, d)
}

func appendChange(out []Change, topic Topic, key string, value any) ([]Change, error) {
	encoded, err := json.Marshal(value)
	if err != nil {
		return nil, fmt.Errorf("encode %s %q: %w", topic, key, err)
	}
	return append(out, Change{Topic: topic, Key: key, Value: encoded}), nil
}
