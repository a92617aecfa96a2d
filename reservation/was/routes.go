package was

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

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
	codes   []string // of problems, as the table has them
	role    string   // who may use it; empty is the gate
}

// keyed says whether a route takes an Idempotency-Key.
type keyed int

const (
	noKey keyed = iota
	mayHaveKey
	needsKey
)

func (s *Server) routes() []route {
	return slices.Concat(s.citizenRoutes(), s.staffRoutes(), []route{
		{pattern: "GET /internal/v1/booked-passes", summary: "Passes that have been used, for the fairness log", serve: s.bookedPasses,
			query: []string{"after"}, gives: BookedPasses{}, success: 200, codes: codes([]string{"malformed"})},
	})
}

func (s *Server) citizenRoutes() []route {
	search := []string{"province", "district", "q", "cursor", "limit", "widen", "slots", "eligibility"}
	return []route{
		{pattern: "GET /v1/eligibility", summary: "Whether the person may book", serve: s.showEligibility,
			pass: true, gives: Verdict{}, success: 200, codes: codes(bySearch, byRegister)},
		{pattern: "GET /v1/institutions", summary: "Institutions, by province, district and part of the name", serve: s.institutions,
			query: search, pass: true, gives: InstitutionList{}, success: 200, codes: codes(bySearch, byRegister)},
		{pattern: "GET /v1/institutions/{id}/slots", summary: "Slots with free places", serve: s.slots,
			query: []string{"date", "cursor", "limit"},
			pass:  true, gives: SlotList{}, success: 200, codes: codes(bySearch, []string{"not_found"})},
		{pattern: "GET /v1/slots/{id}", summary: "Both doses a choice of the slot would book", serve: s.preview,
			query: []string{"change"}, pass: true, gives: Preview{}, success: 200, codes: codes(bySearch, []string{"invalid_request", "no_such_slot", "slot_taken", "no_second_dose"})},
		{pattern: "POST /v1/bookings", summary: "Book both doses in one step", serve: s.book, keyed: needsKey,
			pass: true, takes: Choice{}, gives: Confirmation{}, success: 201, codes: codes(byPass, byRegister, byChoice, []string{"already_booked"})},
		{pattern: "GET /v1/bookings/mine", summary: "The person's own booking", serve: s.mine,
			gives: Own{}, success: 200, codes: codes(byOwn)},
		{pattern: "POST /v1/bookings/{number}/change", summary: "Move both doses, or none", serve: s.change, keyed: needsKey,
			takes: Choice{}, gives: Confirmation{}, success: 200, codes: codes(byOwn, byNumber, byChoice, []string{"already_cancelled"})},
		{pattern: "POST /v1/bookings/{number}/rebook", summary: "Book again after a cancelled booking, without joining the line",
			serve: s.rebook, keyed: needsKey,
			takes: Choice{}, gives: Confirmation{}, success: 201, codes: codes(byOwn, byNumber, byRegister, byChoice, []string{"already_booked", "pass_revoked", "cohort_not_open", "paused"})},
		{pattern: "DELETE /v1/bookings/{number}", summary: "Cancel and give both doses back", serve: s.cancel, keyed: mayHaveKey,
			gives: Cancellation{}, success: 200, codes: codes(byOwn, byNumber, []string{"idempotency_key_reused", "unknown_outcome"})},
	}
}

// staffRoutes are for people who act for somebody else; they ask the same of the
// same lanes.
func (s *Server) staffRoutes() []route {
	free := func(r *http.Request) (int, any, error) {
		list, err := s.listInstitutions(r)
		return http.StatusOK, list, err
	}
	slots := func(r *http.Request) (int, any, error) { return s.listSlots(r) }
	find := []string{"birth", "reason"}
	list := []route{
		{pattern: "GET /staff/v1/institutions", summary: "Institutions, by province, district and part of the name", serve: s.staffed(free),
			query: []string{"province", "district", "q", "cursor", "limit", "widen", "slots"}, gives: InstitutionList{}, success: 200, codes: codes([]string{"malformed"})},
		{pattern: "GET /staff/v1/institutions/{id}/slots", summary: "Slots with free places", serve: s.staffed(slots),
			query: []string{"date", "cursor", "limit"}, gives: SlotList{}, success: 200, codes: codes([]string{"malformed", "not_found"})},
		{pattern: "GET /staff/v1/bookings/mine", summary: "The booking of the person whose login is sent", serve: s.staffed(s.staffLatest),
			query: []string{"reason"}, gives: Held{}, success: 200, codes: codes(byStaff, []string{"no_booking"})},
		{pattern: "GET /staff/v1/bookings/{number}", summary: "The booking of the person who reads out its number", serve: s.staffed(s.staffFind),
			query: find, gives: Held{}, success: 200, codes: codes(byStaff, byNumber)},
		{pattern: "POST /staff/v1/bookings", summary: "Book for a person in their own turn, with their login and pass", serve: s.staffBook, keyed: needsKey,
			query: []string{"reason"}, pass: true,
			takes: Choice{}, gives: Confirmation{}, success: 201, codes: codes(byStaff, byPass, byRegister, byChoice, []string{"already_booked"})},
		{pattern: "POST /staff/v1/bookings/{number}/change", summary: "Move both doses for a person, or none", serve: s.staffed(s.staffChange), keyed: needsKey,
			query: find, takes: Choice{}, gives: Confirmation{}, success: 200, codes: codes(byStaff, byNumber, byChoice, []string{"already_cancelled"})},
		{pattern: "DELETE /staff/v1/bookings/{number}", summary: "Cancel for a person", serve: s.staffed(s.staffCancel), keyed: mayHaveKey,
			query: find, gives: Cancellation{}, success: 200, codes: codes(byStaff, byNumber, []string{"idempotency_key_reused", "unknown_outcome"})},
	}
	for i := range list {
		list[i].role = StaffRole
	}
	return list
}

// Mount adds the API to a mux. Citizens' requests come by the gate, staff's with
// their own certificates; the description is open.
func (s *Server) Mount(mux *http.ServeMux) {
	routes := s.routes()
	for _, r := range routes {
		role := cmp.Or(r.role, "gate")
		mux.Handle(r.pattern, s.cfg.Route(r.pattern, pki.RequireRole(s.serve(r.serve), role)))
	}
	mux.Handle("GET /openapi.json", describe(routes))
	mux.Handle("/", unserved(mux))
}

// unserved answers for what is not there, and for what is there under another
// method.
func unserved(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var allowed []string
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodDelete} {
			if _, pattern := mux.Handler(&http.Request{Method: method, URL: r.URL, Host: r.Host}); pattern != "/" {
				allowed = append(allowed, method)
			}
		}
		if len(allowed) == 0 {
			refuse("not_found", "There is nothing here. /openapi.json lists what there is.").Send(w)
			return
		}
		w.Header().Set("Allow", strings.Join(allowed, ", "))
		refuse("method_not_allowed", "Here you can use "+strings.Join(allowed, ", ")+".").Send(w)
	})
}
