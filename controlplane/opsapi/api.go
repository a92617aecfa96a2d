package opsapi

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"sunbeon/controlplane/audit"
	"sunbeon/controlplane/consensus"
	"sunbeon/controlplane/plan"
	"sunbeon/internal/observability"
	"sunbeon/internal/pki"
	"sunbeon/internal/problem"
)

// Config of the API of one node.
type Config struct {
	Node *consensus.Node
	// TokenFile holds the token made with the installation, a commander's.
	TokenFile string
	// DataDir and PKIDir are looked at before an opening; optional.
	DataDir, PKIDir string
	// Rate bounds the requests a second of one operator; 0 is no bound.
	Rate    float64
	Version string
	// Commands and Access are this node's journals: of committed commands, and
	// of reads and denials. Optional.
	Commands, Access *audit.Journal
	// Closing, once closed, ends the watches, so that a node that stops does
	// not wait for followers who would never leave. Optional.
	Closing       <-chan struct{}
	Observability *observability.Observability
	// Now is the wall clock; time.Now if nil.
	Now func() time.Time
}

// API answers for one node.
type API struct {
	node      *consensus.Node
	operators *operators
	o         *observability.Observability
	logger    *slog.Logger
	version   string
	dataDir   string
	pkiDir    string
	commands  *audit.Journal
	access    *audit.Journal
	closing   <-chan struct{}
	now       func() time.Time
	watchers  chan struct{} // holds a token for each open watch
	encodings *encodings    // of what watches carry
}

// New reads the token file; it serves nothing before it is mounted with
// [API.MountPrivate] and [API.MountOps].
func New(config Config) (*API, error) {
	hash, err := readToken(config.TokenFile)
	if err != nil {
		return nil, err
	}
	if config.Now == nil {
		config.Now = time.Now
	}
	a := &API{
		node:      config.Node,
		o:         config.Observability,
		logger:    config.Observability.Logger,
		version:   config.Version,
		dataDir:   config.DataDir,
		pkiDir:    config.PKIDir,
		commands:  config.Commands,
		access:    config.Access,
		closing:   config.Closing,
		now:       config.Now,
		watchers:  make(chan struct{}, maxWatchers),
		encodings: newEncodings(),
	}
	a.operators = &operators{
		installation: hash,
		plan:         a.plan,
		now:          config.Now,
		failures:     newFailures(),
		quotas:       newQuotas(config.Rate),
	}
	return a, nil
}

func (a *API) plan() *plan.Plan {
	p, _ := a.node.Plan()
	return p
}

// MountPrivate adds the endpoints for other processes to a private mux, whose
// listener verifies client certificates.
func (a *API) MountPrivate(mux *http.ServeMux) {
	roles := []string{"gate", "was", "agent", "legacy", "controlplane", "operator"}
	mount := func(pattern, route string, h http.HandlerFunc) {
		mux.Handle(pattern, a.o.Route(route, pki.RequireRole(h, roles...)))
	}
	mount("GET /internal/v1/watch", "/internal/v1/watch", a.serveWatch)
	mount("GET /internal/v1/plan", "/internal/v1/plan", a.servePlan)
	mount("POST /internal/v1/commands", "/internal/v1/commands", a.serveProcessCommand)
}

// MountOps adds the operators' API and its description to the mux of the ops
// listener.
func (a *API) MountOps(mux *http.ServeMux) {
	config := huma.DefaultConfig("Sunbeon operations", a.version)
	config.Info.Description = "Watch and steer an opening. Every change names its reason; " +
		"send an Idempotency-Key to make asking again safe. A command refused by the plan is a problem " +
		"with the plan's code; `not_taken` and `unknown_outcome` say that it was not decided."
	config.DocsPath = ""
	config.SchemasPath = ""
	config.CreateHooks = nil // no links to schemas in the answers
	config.Transformers = []huma.Transformer{withCode}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		bearerScheme: {Type: "http", Scheme: "bearer", Description: "operator token"},
	}
	api := humago.New(measuredMux{mux, a.o}, config)
	api.UseMiddleware(a.authorize(api))
	r := registrar{api}
	a.mountPlan(r)
	a.mountCohorts(r)
	a.mountAdmission(r)
	a.mountOverrides(r)
	a.mountHolds(r)
	a.mountReplicas(r)
	a.mountCluster(r)
	a.mountPasses(r)
	a.mountPeople(r)
	a.mountProposals(r)
	a.mountIncidents(r)
	a.mountHandover(r)
	a.mountPreflight(r)
	a.mountAudit(r)
	a.mountCommands(r)
	// What is not there, or not by this method, is refused like all else.
	mux.Handle(elsewhere, a.RequireOperator(plan.Viewer, noSuchOperation(mux)))
}

// RequireOperator guards a handler outside the described API, such as the
// telemetry queries: least is the role it needs.
func (a *API) RequireOperator(least plan.Role, h http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		operator, refused := a.operators.admit(r, least)
		a.note(r, operator, codeOf(refused))
		if refused != nil {
			challenge(w.Header(), refused)
			refused.Send(w)
			return
		}
		h.ServeHTTP(w, r.WithContext(withOperator(r.Context(), operator)))
	})
}

// undecided is the answer to a command or read without a result.
func (a *API) undecided(err error) *problem.Problem {
	return undecided(err, !errors.Is(err, plan.ErrRetryable))
}
