package gate

import (
	"net/http"
	"strings"

	"sunbeon/internal/httpserver"
	"sunbeon/internal/pki"
	"sunbeon/internal/problem"
	"sunbeon/reservation/waitingroom/fairness"
)

// route is one way into the gate.
type route struct {
	// pattern is as for [http.ServeMux]; it is also the name the route has in
	// metrics and traces.
	pattern string
	serve   http.HandlerFunc
	// page is true for the citizen pages, which the API document leaves out.
	page bool
}

// routes are all ways in for citizens.
func (g *Gate) routes() []route {
	api := []route{
		{pattern: "GET /v1/cohorts", serve: g.showCohorts},
		{pattern: "GET /v1/cohorts/{cohort}/announcement", serve: g.showAnnouncement},
		{pattern: "POST /v1/login", serve: g.login},
		{pattern: joinRoute, serve: g.takeTicket},
		{pattern: "GET /v1/ticket", serve: g.showTicket},
		{pattern: "GET /v1/ticket/proof", serve: g.showTicketProof},
		{pattern: servingRoute, serve: g.showServing},
		{pattern: "POST /v1/claim", serve: g.claim},
		{pattern: "GET /v1/eligibility", serve: g.booking.withPass},
		{pattern: "GET /v1/institutions", serve: g.booking.search},
		{pattern: "GET /v1/institutions/{id}/slots", serve: g.booking.search},
		{pattern: "GET /v1/slots/{id}", serve: g.booking.search},
		{pattern: "POST /v1/bookings", serve: g.booking.withPass},
		{pattern: "GET /v1/bookings/mine", serve: g.booking.withLogin},
		{pattern: "POST /v1/bookings/{number}/change", serve: g.booking.withLogin},
		{pattern: "POST /v1/bookings/{number}/rebook", serve: g.booking.withLogin},
		{pattern: "DELETE /v1/bookings/{number}", serve: g.booking.withLogin},
		{pattern: "GET /.well-known/jwks.json", serve: g.showKeys},
		{pattern: "GET /openapi.json", serve: showOpenAPI},
		{pattern: "GET /healthz", serve: httpserver.Health(g.Ready).ServeHTTP},
	}
	public := g.publisher.Handler()
	for _, pattern := range fairness.Routes {
		api = append(api, route{pattern: pattern, serve: public.ServeHTTP})
	}
	return append(api, g.pageRoutes()...)
}

// Handler serves citizens.
func (g *Gate) Handler() http.Handler {
	mux := http.NewServeMux()
	handlers := map[string]http.Handler{}
	for _, r := range g.routes() {
		measured := g.config.Observability.Route
		if r.pattern == servingRoute {
			measured = g.config.Observability.PlainRoute
		}
		handlers[r.pattern] = measured(r.pattern, r.serve)
		mux.Handle(r.pattern, handlers[r.pattern])
	}
	mux.Handle("/", g.config.Observability.Route("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if allowed := allowedMethods(mux, r); len(allowed) > 0 {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
			g.refuse(w, problem.New(http.StatusMethodNotAllowed, "method_not_allowed", "Here you can use "+strings.Join(allowed, ", ")+"."))
			return
		}
		g.notFound(w, r)
	})))
	return g.sameOrigin(&shortcut{join: handlers[joinRoute], serving: handlers[servingRoute], mux: mux})
}

const (
	ticketPath   = "/v1/ticket"
	servingPath  = "/v1/serving/"
	joinRoute    = "POST " + ticketPath
	servingRoute = "GET " + servingPath + "{cohort}"
)

// shortcut finds what the whole nation asks for, once or again and again,
// without the mux, which would take a third of all the gate does for a poll.
type shortcut struct {
	join, serving http.Handler
	mux           *http.ServeMux
}

func (s *shortcut) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch path := r.URL.Path; {
	case r.Method == http.MethodGet && strings.HasPrefix(path, servingPath) && strings.Count(path, "/") == 3:
		s.serving.ServeHTTP(w, r)
	case r.Method == http.MethodPost && path == ticketPath:
		s.join.ServeHTTP(w, r)
	default:
		s.mux.ServeHTTP(w, r)
	}
}

// RefusedConnection counts a connection too many from one address.
func (g *Gate) RefusedConnection() { g.metrics.refused.WithLabelValues("too_many_connections").Inc() }

// allowedMethods lists the methods that a path nobody serves under the
// request's own is there for.
func allowedMethods(mux *http.ServeMux, r *http.Request) []string {
	var allowed []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if _, pattern := mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host}); pattern != "/" && pattern != "" {
			allowed = append(allowed, method)
		}
	}
	return allowed
}

// RegisterPrivate adds what other processes ask a gate for to the mux of its
// private listener.
func (g *Gate) RegisterPrivate(mux *http.ServeMux) {
	mux.HandleFunc("GET /.well-known/jwks.json", g.showKeys)
	hold := pki.RequireRole(http.HandlerFunc(g.breakGlass), "operator", "gate")
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
		mux.Handle(method+" "+HoldPath, hold)
	}
}

// sameOrigin refuses writes that a browser sends on behalf of another site.
// The cookies' SameSite is the first line of defence, this is the second; both
// leave programs that send no Origin alone.
func (g *Gate) sameOrigin(next http.Handler) http.Handler {
	protection := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := protection.Check(r); err != nil {
			g.refuse(w, problem.New(http.StatusForbidden, "cross_origin", "This request came from another site."))
			return
		}
		next.ServeHTTP(w, r)
	})
}

// notFound answers browsers with a page and programs with a document.
func (g *Gate) notFound(w http.ResponseWriter, r *http.Request) {
	if strings.Contains(r.Header.Get("Accept"), "text/html") {
		g.showProblem(w, r, notFound())
		return
	}
	g.refuse(w, notFound())
}

func notFound() *problem.Problem {
	return problem.New(http.StatusNotFound, "not_found", "There is nothing here. /openapi.json lists what there is.")
}

// keysCache lets others keep the keys for a while; an unknown key makes them
// ask again at once.
var keysCache = []string{"public, max-age=300"}

// showKeys is GET /.well-known/jwks.json: the keys passes are signed with.
func (g *Gate) showKeys(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h["Content-Type"], h["Cache-Control"] = []string{"application/jwk-set+json"}, keysCache
	w.Write(g.passes.JWKS())
}
