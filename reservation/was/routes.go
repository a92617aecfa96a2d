package was

import (
	"net/http"

	"sunbeon/internal/pki"
)

// route is one endpoint: what serves it and what the API description says.
type route struct {
	pattern string // method and path, as http.ServeMux takes them
	summary string
	serve   endpoint
	query   []string // names of query parameters
	keyed   keyed
	pass    bool // a pass is needed beside the login
	takes   any  // zero value of the body; nil is none
	gives   any
	success int
	errors  []int
}

// keyed says whether a route takes an Idempotency-Key.
type keyed int

const (
	noKey keyed = iota
	mayHaveKey
	needsKey
)

func (s *Server) routes() []route {
	return []route{
		{pattern: "GET /v1/eligibility", summary: "Whether the person may book", serve: s.showEligibility,
			pass: true, gives: Verdict{}, success: 200, errors: []int{401, 403, 429, 502, 503}},
		{pattern: "GET /v1/institutions", summary: "Institutions, by province, district and part of the name", serve: s.institutions,
			query: []string{"province", "district", "q", "cursor", "limit"},
			pass:  true, gives: InstitutionList{}, success: 200, errors: []int{400, 401, 403, 429, 503}},
		{pattern: "GET /v1/institutions/{id}/slots", summary: "Slots with free places", serve: s.slots,
			query: []string{"date", "cursor", "limit"},
			pass:  true, gives: SlotList{}, success: 200, errors: []int{400, 401, 403, 404, 429, 503}},
		{pattern: "GET /v1/slots/{id}", summary: "Both doses a choice of the slot would book", serve: s.preview,
			pass: true, gives: Preview{}, success: 200, errors: []int{400, 401, 403, 404, 409, 429, 503}},
		{pattern: "POST /v1/bookings", summary: "Book both doses in one step", serve: s.book, keyed: needsKey,
			pass: true, takes: Choice{}, gives: Confirmation{}, success: 201, errors: []int{400, 401, 403, 404, 409, 422, 502, 503, 504}},
		{pattern: "GET /v1/bookings/mine", summary: "The person's own booking", serve: s.mine,
			gives: Own{}, success: 200, errors: []int{401, 503}},
		{pattern: "POST /v1/bookings/{number}/change", summary: "Move both doses, or none", serve: s.change, keyed: needsKey,
			takes: Choice{}, gives: Confirmation{}, success: 200, errors: []int{400, 401, 404, 409, 422, 502, 503, 504}},
		{pattern: "DELETE /v1/bookings/{number}", summary: "Cancel and give both doses back", serve: s.cancel, keyed: mayHaveKey,
			gives: Cancellation{}, success: 200, errors: []int{400, 401, 404, 409, 422, 503, 504}},
		{pattern: "GET /internal/v1/booked-passes", summary: "Passes that have been used, for the fairness log", serve: s.bookedPasses,
			query: []string{"after"}, gives: BookedPasses{}, success: 200, errors: []int{400}},
	}
}

// Mount adds the API to a mux. Only the gate may use it; the description is
// open.
func (s *Server) Mount(mux *http.ServeMux) {
	routes := s.routes()
	for _, r := range routes {
		mux.Handle(r.pattern, s.cfg.Route(r.pattern, pki.RequireRole(s.serve(r.serve), "gate")))
	}
	mux.Handle("GET /openapi.json", describe(routes))
}
