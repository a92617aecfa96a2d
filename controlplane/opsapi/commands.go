package opsapi

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"sunbeon/controlplane/plan"
	"sunbeon/internal/pki"
	"sunbeon/internal/problem"
)

// maxCommand bounds a command's JSON: the plan's own bound on a body and room
// for what surrounds it.
const maxCommand = plan.MaxBody + 16<<10

// instanceKinds are what any process says about itself.
var instanceKinds = []plan.Kind{plan.InstanceRegister, plan.InstanceReport, plan.InstanceForget}

// processKinds are the commands each role's job needs.
var processKinds = map[string][]plan.Kind{
	"gate": append([]plan.Kind{plan.LineReport, plan.DrawSeal, plan.DrawReveal, plan.CheckpointPublish},
		instanceKinds...),
	"was":          append([]plan.Kind{plan.CheckpointPublish}, instanceKinds...),
	"agent":        instanceKinds,
	"legacy":       instanceKinds,
	"controlplane": append([]plan.Kind{plan.CheckpointPublish}, instanceKinds...),
}

// peopleKinds are the commands people give, with the least role for each.
// Tightening takes an operator; loosening, and changing who may do what, a
// commander.
var peopleKinds = map[plan.Kind]plan.Role{
	plan.CohortDefine:       plan.Commander,
	plan.CohortApprove:      plan.Commander,
	plan.CohortPhase:        plan.OnCall,
	plan.CohortPostpone:     plan.OnCall,
	plan.DrawReveal:         plan.Commander,
	plan.DrawValue:          plan.OnCall,
	plan.PassesVoid:         plan.Commander,
	plan.AdmissionConfigure: plan.Commander,
	plan.OverrideSet:        plan.OnCall,
	plan.OverrideClear:      plan.OnCall,
	plan.HoldSet:            plan.OnCall,
	plan.HoldRelease:        plan.Commander,
	plan.FreezeSet:          plan.OnCall,
	plan.FreezeRelease:      plan.Commander,
	plan.ReplicasSet:        plan.OnCall,
	plan.PassRevoke:         plan.OnCall,
	plan.InstanceForget:     plan.OnCall,
	plan.OperatorSet:        plan.Commander,
	plan.OperatorRemove:     plan.Commander,
	plan.ClusterVersion:     plan.Commander,
	plan.ProposalMake:       plan.OnCall,
	plan.ProposalApprove:    plan.Commander,
	plan.ProposalWithdraw:   plan.OnCall,
	plan.ChangeUndo:         plan.OnCall,
	plan.IncidentOpen:       plan.OnCall,
	plan.IncidentUpdate:     plan.OnCall,
	plan.HandoverNote:       plan.OnCall,
	plan.TrialRecord:        plan.OnCall,
	plan.MemberAdd:          plan.Commander,
	plan.MemberRemove:       plan.Commander,
}

// leastRole is who may give c. Moving a cohort to a phase that lets people in
// loosens, moving it to any other tightens.
func leastRole(c plan.Command) (role plan.Role, known bool) {
	role, known = peopleKinds[c.Kind]
	if c.Kind == plan.CohortPhase {
		var move plan.MovePhase
		if json.Unmarshal(c.Body, &move) != nil || move.Phase == plan.Open {
			role = plan.Commander
		}
	}
	return role, known
}

// serveProcessCommand takes a command from another process, which its
// certificate's role limits.
func (a *API) serveProcessCommand(w http.ResponseWriter, r *http.Request) {
	role := pki.PeerRole(r)
	var c plan.Command
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxCommand))
	if err := decoder.Decode(&c); err != nil {
		problem.Write(w, http.StatusBadRequest, "malformed", "the body is not a command: "+err.Error())
		return
	}
	allowed := slices.Contains(processKinds[role], c.Kind)
	if role == "operator" {
		_, allowed = leastRole(c)
	}
	if !allowed || role != "controlplane" && auditHead(c) || role != "operator" && !speaksFor(a.plan(), role, c) {
		forbidden(c.Kind, role).Send(w)
		return
	}
	c.Actor = actorOf(role, c.Actor)
	result, refused := a.submit(r.Context(), c)
	if refused != nil {
		refused.Send(w)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(result)
}

// auditHead tells the heads of the nodes' own journals from those of other logs:
// nobody else speaks for them.
func auditHead(c plan.Command) bool {
	var b plan.PublishCheckpoint
	return c.Kind == plan.CheckpointPublish && json.Unmarshal(c.Body, &b) == nil && strings.HasPrefix(b.Origin, "audit/")
}

// speaksFor tells whether a command about an instance comes from one of its own
// kind, or from an agent about a WAS that cannot speak for itself: nobody else
// makes one known, or ill, or gone.
func speaksFor(p *plan.Plan, role string, c plan.Command) bool {
	if !slices.Contains(instanceKinds, c.Kind) {
		return true
	}
	var about plan.RegisterInstance // the others' bodies have its fields
	if json.Unmarshal(c.Body, &about) != nil {
		return true // what does not decode is the plan's to refuse
	}
	own := func(kind string) bool { return kind == role || role == plan.KindAgent && kind == plan.KindWAS }
	known, registered := p.Instances[about.ID]
	return (!registered || own(known.Kind)) && (c.Kind != plan.InstanceRegister || own(about.Kind))
}

// mountCommands offers any command people may give, for tools that speak in
// commands; the named endpoints say the same in HTTP's terms.
func (a *API) mountCommands(r registrar) {
	description := r.operation(plan.OnCall, http.MethodPost, "/v1/commands", "submit-command",
		"Submit one command; a rejection is a result with ok false")
	description.MaxBodyBytes = maxCommand
	description.SkipValidateBody = true // what may be left out is the plan's to say
	huma.Register(r.api, description, func(ctx context.Context, in *struct {
		Body plan.Command
	}) (*struct{ Body plan.Result }, error) {
		c, operator := in.Body, OperatorOf(ctx)
		if least, known := leastRole(c); !known || !operator.may(least) {
			return nil, refusal{forbidden(c.Kind, string(operator.Role))}
		}
		c.Actor = operator.Name
		if c.RequestID != "" {
			c.RequestID = plan.RequestID(c.RequestID, contentOf(ctx))
		}
		result, refused := a.submit(ctx, c)
		if refused != nil {
			return nil, refusal{refused}
		}
		return &struct{ Body plan.Result }{result}, nil
	})
}

// submit brings a command of somebody else into the plan. Nobody but a leader
// speaks with a term, and nobody else writes the leader's stamp.
func (a *API) submit(ctx context.Context, c plan.Command) (plan.Result, *problem.Problem) {
	c.Term, c.StampMS = 0, 0
	if refused := a.cleared(ctx, c); refused != nil {
		return plan.Result{}, refused
	}
	result, err := a.node.Submit(ctx, c)
	if err != nil {
		return plan.Result{}, a.undecided(err)
	}
	return result, nil
}

func forbidden(kind plan.Kind, role string) *problem.Problem {
	return problem.New(http.StatusForbidden, "role_not_allowed", "the role "+role+" may not give "+string(kind))
}

// actorOf keeps what a process says it is called, behind the role it proved. The
// installation's own certificate is one person, whatever it says: with two names
// it would be two.
func actorOf(role, claimed string) string {
	name := strings.TrimPrefix(claimed, role+"/")
	if name == "" || name == role || role == plan.Installation {
		return role
	}
	return role + "/" + name
}
