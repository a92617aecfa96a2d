package legacy

import (
	"net/http"

	"sunbeon/internal/pki"
)

// route is one endpoint: what serves it and what the API description says of
// it.
type route struct {
	pattern string // method and path, as http.ServeMux takes them
	summary string
	handler http.HandlerFunc
	// roles may use it, on the private listener only; none means anyone, on
	// both listeners.
	roles []string
	// takes and gives are zero values of the bodies; nil is no body.
	takes, gives any
	// success and errors are the statuses answered with.
	success int
	errors  []int
}

func (s *Simulator) routes() []route {
	var (
		server = []string{"was"}
		reader = []string{"was", "rush", "operator"}
	)
	return []route{
		{pattern: "POST /identity/{provider}", summary: "Identify a synthetic person and get an assertion", handler: s.identify,
			takes: Person{}, gives: Assertion{}, success: 200, errors: []int{400, 404, 413, 422, 500, 503}},
		{pattern: "POST /token", summary: "Exchange the code of a browser that was sent back (form encoded)", handler: s.token,
			gives: Token{}, success: 200, errors: []int{400, 500}},
		{pattern: "GET /.well-known/openid-configuration", summary: "Discovery document of the issuer", handler: s.discovery,
			gives: Discovery{}, success: 200},
		{pattern: "GET /jwks.json", summary: "Keys that verify assertions", handler: s.jwks,
			gives: map[string]any{}, success: 200},
		{pattern: "GET /faults", summary: "What was put last", handler: s.getFaults,
			gives: Faults{}, success: 200},
		{pattern: "PUT /faults", summary: "Replace all faults; {} mends everything", handler: s.putFaults,
			takes: Faults{}, gives: Faults{}, success: 200, errors: []int{422}},
		{pattern: "PUT /stock/supplies", summary: "Change how many places an institution gives in a slot", handler: s.putSupply,
			takes: Supply{}, gives: Supply{}, success: 200, errors: []int{400, 413, 422}},
		{pattern: "GET /systems", summary: "Each system's capacity, load and fault at this moment", handler: s.getStates,
			gives: []State{}, success: 200},

		{pattern: "POST /eligibility", summary: "Ask whether a person may book", handler: s.judge, roles: server,
			takes: Applicant{}, gives: Verdict{}, success: 200, errors: []int{400, 403, 413, 422, 500, 503}},
		{pattern: "PUT /eligibility/bookings/{number}", summary: "Report a booking; the answer is what the register thinks of the person", handler: s.report, roles: server,
			takes: Report{}, gives: Verdict{}, success: 200, errors: []int{400, 403, 413, 422, 500, 503}},
		{pattern: "GET /eligibility/bookings/{number}", summary: "What was reported of a booking", handler: s.reported, roles: reader,
			gives: Report{}, success: 200, errors: []int{403, 404, 500, 503}},
		{pattern: "GET /stock/supplies", summary: "Places that institutions have changed, in order, after the number ?after=", handler: s.listSupplies, roles: reader,
			gives: SupplyPage{}, success: 200, errors: []int{403, 422, 500, 503}},
		{pattern: "POST /stock/reservations", summary: "Reserve doses; 200 where the key already holds the same reservation", handler: s.reserve, roles: server,
			takes: Reservation{}, gives: Reservation{}, success: 201, errors: []int{400, 403, 409, 413, 422, 500, 503}},
		{pattern: "GET /stock/reservations/{key}", summary: "Look up a live reservation", handler: s.lookup, roles: reader,
			gives: Reservation{}, success: 200, errors: []int{403, 404, 500, 503}},
		{pattern: "GET /stock/reservations", summary: "Live reservations, oldest first, a page from the position ?from=", handler: s.list, roles: reader,
			gives: HeldPage{}, success: 200, errors: []int{403, 422, 500, 503}},
		{pattern: "DELETE /stock/reservations/{key}", summary: "Release a reservation; a key never seen is refused from then on", handler: s.release, roles: server,
			success: 204, errors: []int{403, 422, 500, 503}},
		{pattern: "GET /stock", summary: "Sum of all live reservations", handler: s.inventory, roles: reader,
			gives: Inventory{}, success: 200, errors: []int{403, 500, 503}},
	}
}

// Wrap instruments a handler under its route's name.
type Wrap func(route string, h http.Handler) http.Handler

// Public serves the issuer, the faults and the pages: everything a citizen's
// browser or a person at a terminal uses. health answers /healthz.
func (s *Simulator) Public(wrap Wrap, health http.Handler) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /healthz", health)
	for _, r := range s.routes() {
		if len(r.roles) == 0 {
			mux.Handle(r.pattern, wrap(r.pattern, r.handler))
		}
	}
	s.mountPages(mux, wrap)
	return mux
}

// Mount adds every endpoint to the mux of the private listener.
func (s *Simulator) Mount(mux *http.ServeMux, wrap Wrap) {
	for _, r := range s.routes() {
		var h http.Handler = r.handler
		if len(r.roles) > 0 {
			h = pki.RequireRole(h, r.roles...)
		}
		mux.Handle(r.pattern, wrap(r.pattern, h))
	}
	s.mountPages(mux, wrap)
}
