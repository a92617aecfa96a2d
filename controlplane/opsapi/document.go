package opsapi

import (
	"context"
	"encoding/json"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/problem"
)

// Document is the whole plan, save the hashes of operators' tokens.
type Document struct {
	Index       uint64                          `json:"index"`
	LeaderAgeMS int64                           `json:"leader_age_ms"`
	Cluster     plan.Cluster                    `json:"cluster"`
	Admission   plan.Admission                  `json:"admission"`
	Replicas    plan.Replicas                   `json:"replicas"`
	Cohorts     map[string]plan.Cohort          `json:"cohorts"`
	Segments    map[string]plan.Segments        `json:"segments"`
	Lines       map[string]plan.Line            `json:"lines"`
	Instances   map[string]plan.Instance        `json:"instances"`
	Overrides   map[string]plan.Override        `json:"overrides"`
	Holds       map[string]plan.Hold            `json:"holds"`
	Freezes     map[string]plan.Freeze          `json:"freezes"`
	Passes      map[string]plan.Revocation      `json:"passes"`
	Checkpoints map[string]plan.Checkpoint      `json:"checkpoints"`
	Controllers map[string]plan.ControllerState `json:"controllers"`
	Decisions   []plan.Decision                 `json:"decisions"`
	Proposals   map[string]plan.Proposal        `json:"proposals"`
	Undos       map[string]plan.Undo            `json:"undos"`
	Incidents   map[string]plan.Incident        `json:"incidents"`
	Handovers   map[string]plan.ShiftNote       `json:"handovers"`
	Members     map[string]WantedMember         `json:"members"`
	Trials      map[string]plan.Trial           `json:"trials"`
}

// WantedMember is what people want of a node; [Members] are what Raft has.
type WantedMember plan.Member

func wanted(members map[string]plan.Member) map[string]WantedMember {
	out := make(map[string]WantedMember, len(members))
	for id, m := range members {
		out[id] = WantedMember(m)
	}
	return out
}

func (a *API) document(p *plan.Plan) Document {
	return Document{
		Index:       p.Index,
		LeaderAgeMS: a.node.LeaderContact().Milliseconds(),
		Cluster:     p.Cluster,
		Admission:   p.Admission,
		Replicas:    p.Replicas,
		Cohorts:     section(p.Cohorts),
		Segments:    section(p.Segments),
		Lines:       section(p.Lines),
		Instances:   section(p.Instances),
		Overrides:   section(p.Overrides),
		Holds:       section(p.Holds),
		Freezes:     section(p.Freezes),
		Passes:      section(p.Passes),
		Checkpoints: section(p.Checkpoints),
		Controllers: section(p.Controllers),
		Decisions:   newest(p.Decisions, "", plan.MaxDecisions),
		Proposals:   section(p.Proposals),
		Undos:       section(p.Undos),
		Incidents:   section(p.Incidents),
		Handovers:   section(p.Handovers),
		Members:     wanted(p.Members),
		Trials:      section(p.Trials),
	}
}

// section is never null: a client need not tell an empty one from one that is
// not there.
func section[V any](m map[string]V) map[string]V {
	if m == nil {
		return map[string]V{}
	}
	return m
}

func (a *API) mountPlan(r registrar) {
	get(r, "/v1/plan", "get-plan", "The whole plan",
		func(ctx context.Context, in *Reading) (*answer[Document], error) {
			return read(ctx, a, *in, func(p *plan.Plan) (Document, error) { return a.document(p), nil })
		})

	watch := r.operation(plan.Viewer, http.MethodGet, "/v1/watch", "watch-plan",
		"Follow the plan as server-sent events: snapshot, change, bookmark, compacted")
	watch.Responses["200"] = &huma.Response{
		Description: "A stream that does not end",
		Content:     map[string]*huma.MediaType{"text/event-stream": {}},
	}
	huma.Register(r.api, watch, func(_ context.Context, _ *struct {
		Topics      []string `query:"topics" doc:"only these sections of the plan; all if empty"`
		LastEventID string   `header:"Last-Event-ID" doc:"the index held already: the stream goes on behind it"`
	}) (*huma.StreamResponse, error) {
		return raw(a.serveWatch), nil
	})
}

// raw hands a described operation to a plain handler.
func raw(h http.HandlerFunc) *huma.StreamResponse {
	return &huma.StreamResponse{Body: func(ctx huma.Context) {
		r, w := humago.Unwrap(ctx)
		h(w, r.WithContext(ctx.Context()))
	}}
}

// servePlan is the private interface's read of the plan.
func (a *API) servePlan(w http.ResponseWriter, r *http.Request) {
	consistency := consensus.Consistency(r.URL.Query().Get("consistency"))
	if consistency == "" {
		consistency = consensus.Stale
	}
	p, err := a.node.Read(r.Context(), consistency)
	if err != nil {
		undecided(err, false).Send(w)
		return
	}
	body, err := json.Marshal(a.document(p))
	if err != nil {
		problem.Write(w, http.StatusInternalServerError, "internal", err.Error())
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Write(body)
}
