package was

import (
	"net/http"
	"strconv"

	"sunbeon/reservation/booking"
)

// BookedPass is a pass that was used, for the fairness log.
type BookedPass struct {
	ID     int64  `json:"id" doc:"Position in the outbox."`
	Cohort string `json:"cohort"`
	Pass   string `json:"pass"`
	TimeMS int64  `json:"time_ms"`
}

// BookedPasses is a page of them.
type BookedPasses struct {
	Passes []BookedPass `json:"passes"`
	Next   int64        `json:"next" doc:"Continue after this position."`
}

const eventPage = 1000

// bookedPasses tells the gate which passes have been used, each once, in the
// order the ledger committed them.
func (s *Server) bookedPasses(r *http.Request) (int, any, error) {
	var after int64
	if text := r.URL.Query().Get("after"); text != "" {
		var err error
		if after, err = strconv.ParseInt(text, 10, 64); err != nil || after < 0 {
			return 0, nil, malformed("after must be a position that was given out")
		}
	}
	events, err := s.cfg.Records.Events(r.Context(), after, eventPage)
	if err != nil {
		return 0, nil, err
	}
	page := BookedPasses{Passes: []BookedPass{}, Next: after}
	for _, e := range events {
		page.Next = e.ID
		if e.Kind == booking.Booked && e.Pass != "" {
			page.Passes = append(page.Passes, BookedPass{ID: e.ID, Cohort: e.Cohort, Pass: e.Pass, TimeMS: e.TimeMS})
		}
	}
	return http.StatusOK, page, nil
}
