package was

import (
	"sync/atomic"

	"sunbeon/controlplane/plan"
	"sunbeon/reservation/credential"
)

// schedule is what of the plan decides who may be in. It is replaced as a
// whole, so a request sees one plan.
type schedule struct{ current atomic.Pointer[plan.Plan] }

// Follow takes in a plan.
func (s *Server) Follow(p *plan.Plan) { s.plan.current.Store(p) }

func (s *schedule) known() bool { return s.current.Load() != nil }

// standing is what the plan says about a pass.
type standing int

const (
	unknown standing = iota // there is no plan: nobody is let in
	admitted
	revoked
	paused
	notOpen
)

func (s *schedule) standing(pass credential.Pass) standing {
	p := s.current.Load()
	if p == nil {
		return unknown
	}
	if _, ok := p.Passes[pass.ID]; ok {
		return revoked
	}
	cohort := p.Cohorts[pass.Cohort]
	if pass.IssuedMS < cohort.VoidMS {
		return revoked
	}
	switch cohort.Phase {
	case plan.Open:
		return admitted
	case plan.Paused:
		return paused
	default:
		return notOpen
	}
}
