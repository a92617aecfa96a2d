package was

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/upstream"
	"sunbeon/reservation/was/loadgate"
)

// holdKey names the stock reservation of a request. Sending the request again
// names the same one, so it holds vaccine once; another request under the same
// idempotency key names another, so that rejecting it never releases the first.
func holdKey(person, key string, slot booking.SlotID) string {
	sum := sha256.Sum256([]byte(person + "\x00" + key + "\x00" + slot.String()))
	return hex.EncodeToString(sum[:16])
}

// reserve holds vaccine for the doses of a course that begins in first and
// returns the name to keep with the booking. Where stock is imported nobody is
// asked: the outbox writes it back under that name.
func (s *Server) reserve(ctx context.Context, key string, first booking.Slot, doses int) (hold string, err error) {
	if s.cfg.Stock == nil {
		return key, nil
	}
	leave, err := s.stock.Enter(ctx, loadgate.Booking)
	if err != nil {
		return "", err
	}
	defer leave()
	hold = key
	for again := range mostNames {
		if again > 0 {
			hold = fmt.Sprintf("%s-%d", key, again)
		}
		err = s.cfg.Stock.Reserve(ctx, upstream.Reservation{
			Key: hold, Institution: first.Institution.String(), Vaccine: first.Vaccine, Date: first.Start.Date(), Doses: doses,
		})
		if !refusedAs(err, upstream.CodeReleased) {
			break
		}
	}
	return hold, err
}

// mostNames is how many names one request's reservation may have in turn. What is
// given back under a name is never reserved under it again, and a request may be
// sent again long after its reservation went as nobody's, after an outage of the
// ledger.
const mostNames = 5

// noStock reports whether the institution has run out of vaccine: to the person
// that is a slot just gone.
func noStock(err error) bool { return refusedAs(err, upstream.CodeNoStock) }

func refusedAs(err error, code string) bool {
	var refusal *upstream.Refusal
	return errors.As(err, &refusal) && refusal.Code == code
}

// refusedBy makes an upstream's definite no an answer.
func refusedBy(err error) error {
	var refusal *upstream.Refusal
	if !errors.As(err, &refusal) {
		return err
	}
	return refuse("upstream_refused",
		"The "+refusal.System+" system does not accept this request. Nothing was booked.").
		With("system", refusal.System).With("reason", refusal.Code)
}

// releases gives vaccine back behind the answer: nobody waits for it, and a
// stock system that is down gets it later. What a crash loses here is found by
// comparing the stock system's reservations with the holds in the ledger.
type releases struct {
	stock  Stock
	logger *slog.Logger
	queue  chan string
}

func newReleases(stock Stock, logger *slog.Logger) *releases {
	return &releases{stock: stock, logger: logger, queue: make(chan string, 4096)}
}

func (q *releases) add(hold string) {
	if q.stock == nil || hold == "" {
		return
	}
	select {
	case q.queue <- hold:
	default:
		q.logger.Error("stock reservation not released", "hold", hold, "error", "queue is full")
	}
}

const (
	releasers      = 4
	releaseTries   = 6
	releaseTimeout = 3 * time.Second
)

// run releases until ctx ends and then, within a second, what is still queued.
func (q *releases) run(ctx context.Context) {
	done := make(chan struct{}, releasers)
	for range releasers {
		go func() {
			defer func() { done <- struct{}{} }()
			q.work(ctx)
		}()
	}
	for range releasers {
		<-done
	}
}

func (q *releases) work(ctx context.Context) {
	for {
		select {
		case hold := <-q.queue:
			q.release(ctx, hold)
		case <-ctx.Done():
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			for ctx.Err() == nil {
				select {
				case hold := <-q.queue:
					q.release(ctx, hold)
				default:
					return
				}
			}
			return
		}
	}
}

func (q *releases) release(ctx context.Context, hold string) {
	var err error
	for try := range releaseTries {
		attempt, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
		err = q.stock.Release(attempt, hold)
		cancel()
		if err == nil {
			return
		}
		select {
		case <-time.After(later(250 * time.Millisecond << try)):
		case <-ctx.Done():
			q.logger.Error("stock reservation not released", "hold", hold, "error", err)
			return
		}
	}
	q.logger.Error("stock reservation not released", "hold", hold, "error", err)
}
