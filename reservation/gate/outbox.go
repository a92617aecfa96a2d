package gate

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"sunbeon/internal/problem"
	"sunbeon/reservation/waitingroom"
)

const (
	// outboxPath is where a booking server tells which passes were used.
	outboxPath = "/internal/v1/booked-passes"
	// outboxEvery is how often it is asked; outboxWithin bounds one page.
	outboxEvery  = time.Second
	outboxWithin = 5 * time.Second
)

// outboxPage is a page of the ledger's outbox.
type outboxPage struct {
	Passes []struct {
		Cohort string `json:"cohort"`
		Pass   string `json:"pass"`
	} `json:"passes"`
	Next int64 `json:"next"`
}

// followBookings puts every pass the ledger says was used on record, until ctx
// ends. Bookings whose answer came through this gate are there already; this
// finds those whose answer got lost on its way. It begins at the beginning each
// time, because what is on record is not put there twice.
func (g *Gate) followBookings(ctx context.Context) error {
	ticker := time.NewTicker(outboxEvery)
	defer ticker.Stop()
	var after int64
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for g.pool.Len() > 0 {
			page, err := g.outbox(ctx, after)
			if err != nil {
				g.logger.DebugContext(ctx, "outbox not read", "error", err)
				break
			}
			g.recordBookings(ctx, page)
			if page.Next <= after {
				break
			}
			after = page.Next
		}
	}
}

func (g *Gate) outbox(ctx context.Context, after int64) (page outboxPage, err error) {
	ctx, cancel := context.WithTimeout(ctx, outboxWithin)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("https://was%s?after=%d", outboxPath, after), nil)
	if err != nil {
		return page, err
	}
	response, err := g.pool.RoundTrip(request)
	if err != nil {
		return page, err
	}
	defer finish(response.Body)
	if response.StatusCode != http.StatusOK {
		return page, problem.Read(response)
	}
	return page, json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&page)
}

func (g *Gate) recordBookings(ctx context.Context, page outboxPage) {
	for _, used := range page.Passes {
		var id waitingroom.PassID
		room, ok := g.hall.Room(used.Cohort)
		if n, err := hex.Decode(id[:], []byte(used.Pass)); !ok || err != nil || n != len(id) {
			g.logger.WarnContext(ctx, "the ledger names a pass of no line here", "cohort", used.Cohort)
			continue
		}
		room.BookedPass(id, g.nowMS())
	}
}
