package outbox

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
)

// Bookings looks up what an event reports.
type Bookings interface {
	Find(ctx context.Context, serial int64) (booking.Booking, error)
}

// Webhook posts a [Message] an event to the message centre. Any answer of the
// 200s settles it; so do those that say the message itself is wrong.
type Webhook struct {
	URL      string
	HTTP     *http.Client
	Bookings Bookings
	Sealer   *ledger.Sealer
	// Appointment describes a slot.
	Appointment func(booking.SlotID) (Appointment, bool)
}

const webhookDeadline = 3 * time.Second

// Deliver implements [Sink].
func (w *Webhook) Deliver(ctx context.Context, e booking.Event) error {
	b, err := w.Bookings.Find(ctx, e.Serial)
	if errors.Is(err, ledger.ErrNotFound) {
		return fmt.Errorf("message without a booking: %w", ErrRefused)
	}
	if err != nil {
		return err
	}
	person, err := w.Sealer.Open(b.Person, b.Sealed)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	var doses []Appointment
	if e.Kind != booking.Undone {
		for _, slot := range e.Slots {
			dose, ok := w.Appointment(slot)
			if !ok {
				return fmt.Errorf("slot %d is not known yet", slot)
			}
			doses = append(doses, dose)
		}
	}
	return w.post(ctx, compose(e, person, doses))
}

// Invite implements [Inviter].
func (w *Webhook) Invite(ctx context.Context, r ledger.Refusal, p booking.Person) error {
	return w.post(ctx, invite(r.ID, p))
}

// stay is the client, which follows no redirection: one would take somebody's name
// and number elsewhere, and most are followed without the message at all, so that
// whatever page is there would settle it.
func (w *Webhook) stay() *http.Client {
	client := *w.HTTP
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &client
}

func (w *Webhook) post(ctx context.Context, m Message) error {
	body, err := json.Marshal(m)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, webhookDeadline)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, w.URL, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Idempotency-Key", m.Key)
	answer, err := w.stay().Do(r)
	if err != nil {
		return fmt.Errorf("post message: %w", err)
	}
	defer answer.Body.Close()
	io.Copy(io.Discard, io.LimitReader(answer.Body, 64<<10)) // so that the connection is used again
	switch answer.StatusCode {
	case http.StatusBadRequest, http.StatusGone, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return fmt.Errorf("message centre: %s: %w", answer.Status, ErrRefused)
	}
	if answer.StatusCode < 200 || answer.StatusCode > 299 {
		return fmt.Errorf("message centre: %s", answer.Status)
	}
	return nil
}
