package upstream

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
)

// Codes of a [Refusal] by stock.
const (
	CodeNoStock   = "no_stock"   // the institution has too few doses
	CodeReleased  = "released"   // the key was given back before
	CodeKeyReused = "key_reused" // the key names another reservation
)

// Reservation holds doses at an institution under a key of the caller's
// choice. Date is the first dose's, YYYY-MM-DD.
type Reservation struct {
	Key         string `json:"key"`
	Institution string `json:"institution"`
	Vaccine     string `json:"vaccine"`
	Date        string `json:"date"`
	Doses       int    `json:"doses"`
}

// Stock reserves doses with the institutions' stock system. It is safe for
// concurrent use.
type Stock struct{ exchange *exchange }

// NewStock checks the configuration; it connects with the first call.
func NewStock(cfg Config) (*Stock, error) {
	exchange, err := newExchange(SystemStock, cfg)
	if err != nil {
		return nil, err
	}
	return &Stock{exchange}, nil
}

// Reserve takes doses; the same reservation again changes nothing. After
// ErrUnknown the doses may be held: reserve again, or Release the key to be
// sure that they are not.
func (s *Stock) Reserve(ctx context.Context, r Reservation) error {
	return s.exchange.call(ctx, true, func(ctx context.Context) error {
		var held Reservation
		if err := s.exchange.send(ctx, http.MethodPost, "/stock/reservations", r, &held); err != nil {
			return err
		}
		if held != r {
			return &attemptError{outcome: failed, cause: errors.New("answered with another reservation")}
		}
		return nil
	})
}

// Release gives the doses under a key back. A key that was given back before,
// or that never arrived, is no error: once Release has succeeded, nothing is or
// will be held under it.
func (s *Stock) Release(ctx context.Context, key string) error {
	return s.exchange.call(ctx, true, func(ctx context.Context) error {
		return s.exchange.send(ctx, http.MethodDelete, reservationPath(key), nil, nil)
	})
}

// Lookup tells whether doses are held under a key.
func (s *Stock) Lookup(ctx context.Context, key string) (r Reservation, held bool, err error) {
	err = s.exchange.call(ctx, false, func(ctx context.Context) error {
		r = Reservation{}
		return s.exchange.send(ctx, http.MethodGet, reservationPath(key), nil, &r)
	})
	var refusal *Refusal
	if errors.As(err, &refusal) && refusal.Code == "no_reservation" {
		return Reservation{}, false, nil
	}
	if err != nil {
		return Reservation{}, false, err
	}
	return r, true, nil
}

// Supply is how many places an institution gives in one slot. The stock system
// numbers changes upwards; of one slot the latest counts.
type Supply struct {
	Number      int64  `json:"number"`
	Institution string `json:"institution"`
	Vaccine     string `json:"vaccine"`
	Date        string `json:"date"`
	Time        string `json:"time"`
	Places      int    `json:"places"`
}

// mostPlaces is what no slot can have: more is a system that lies.
const mostPlaces = 1_000_000

// Supplies returns a page of what institutions have changed after a number, in
// order, and whether there may be more. A page with a line that cannot be is no
// answer at all.
func (s *Stock) Supplies(ctx context.Context, after int64) (changes []Supply, more bool, err error) {
	var page struct {
		Supplies []Supply `json:"supplies"`
		More     bool     `json:"more"`
	}
	err = s.exchange.call(ctx, false, func(ctx context.Context) error {
		page.Supplies, page.More = nil, false
		if err := s.exchange.send(ctx, http.MethodGet, "/stock/supplies?after="+strconv.FormatInt(after, 10), nil, &page); err != nil {
			return err
		}
		last := after
		for _, c := range page.Supplies {
			if c.Number <= last || c.Places < 0 || c.Places > mostPlaces {
				return &attemptError{outcome: failed, cause: fmt.Errorf("supply %d of %d places behind %d", c.Number, c.Places, last)}
			}
			last = c.Number
		}
		return nil
	})
	return page.Supplies, page.More && len(page.Supplies) > 0, err
}

func reservationPath(key string) string { return "/stock/reservations/" + url.PathEscape(key) }

// Held is a live reservation in a list.
type Held struct {
	Key    string `json:"key"`
	MadeMS int64  `json:"made_ms"`
}

// List returns a page of what is held, oldest first, and where to go on; 0 at
// the end.
func (s *Stock) List(ctx context.Context, from int) (held []Held, next int, err error) {
	var page struct {
		Reservations []Held `json:"reservations"`
		Next         int    `json:"next"`
	}
	err = s.exchange.call(ctx, false, func(ctx context.Context) error {
		page.Reservations, page.Next = nil, 0
		if err := s.exchange.send(ctx, http.MethodGet, "/stock/reservations?from="+strconv.Itoa(from), nil, &page); err != nil {
			return err
		}
		if page.Next != 0 && page.Next <= from {
			return &attemptError{outcome: failed, cause: errors.New("the list goes backwards")}
		}
		return nil
	})
	return page.Reservations, page.Next, err
}
