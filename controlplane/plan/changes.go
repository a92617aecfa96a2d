package plan

import (
	"encoding/json"
	"fmt"
)

// Topic names a section of the plan.
type Topic string

// The topics of the watch.
const (
	TopicCluster     Topic = "cluster"
	TopicAdmission   Topic = "admission"
	TopicReplicas    Topic = "replicas"
	TopicCohorts     Topic = "cohorts"
	TopicSegments    Topic = "segments"
	TopicLines       Topic = "lines"
	TopicInstances   Topic = "instances"
	TopicOverrides   Topic = "overrides"
	TopicHolds       Topic = "holds"
	TopicFreezes     Topic = "freezes"
	TopicPasses      Topic = "passes"
	TopicCheckpoints Topic = "checkpoints"
	TopicControllers Topic = "controllers"
	TopicOperators   Topic = "operators"
	TopicDecisions   Topic = "decisions"
	TopicProposals   Topic = "proposals"
	TopicUndos       Topic = "undos"
	TopicIncidents   Topic = "incidents"
	TopicHandovers   Topic = "handovers"
	TopicMembers     Topic = "members"
	TopicTrials      Topic = "trials"
)

// Change is one entry of one section that is new, different or gone.
type Change struct {
	Topic Topic  `json:"topic"`
	Key   string `json:"key,omitempty"`
	// Value is the entry's JSON; empty where the entry is gone.
	Value json.RawMessage `json:"value,omitempty"`
}

// Changes lists what differs between two plans of one history, section by
// section in a fixed order: old.With of them holds the same sections as now.
// From [New], it is the whole plan.
func Changes(old, now *Plan) []Change {
	var out []Change
	for _, s := range sections {
		var err error
		if out, err = s.changes(out, old, now); err != nil {
			// Every section is a struct of plain fields, and raw JSON was
			// checked when its command was applied.
			panic(err)
		}
	}
	return out
}

// With is the plan after the changes of the command at index: what a follower
// uses. The result cannot be applied to, as it knows no request ids.
func (p *Plan) With(index uint64, changes ...Change) (*Plan, error) {
	next := *p
	next.Index = index
	owned := make(map[Topic]bool)
	for _, c := range changes {
		s, ok := sectionOf[c.Topic]
		if !ok {
			continue // a section of a newer version
		}
		if err := s.take(&next, c, owned); err != nil {
			return nil, fmt.Errorf("take in %s %q: %w", c.Topic, c.Key, err)
		}
	}
	return &next, nil
}
