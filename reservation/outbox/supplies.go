package outbox

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/upstream"
)

// Shelves are the places of the ledger.
type Shelves interface {
	SetCapacities(ctx context.Context, places map[booking.SlotID]int) (surplus []booking.SlotID, err error)
	Follow(ctx context.Context, name, holder string, nowMS, untilMS int64) (after int64, mine bool, err error)
	Followed(ctx context.Context, name, holder string, after int64) error
}

// SupplyList is the stock system's account of what institutions have changed.
type SupplyList interface {
	Supplies(ctx context.Context, after int64) (changes []upstream.Supply, more bool, err error)
}

// Supplies follow how many places institutions give. Places grow at once. They
// shrink as far as nobody holds them, and by the rest when their holders leave:
// nobody is overbooked, and nobody is put out.
type Supplies struct {
	Holder  string // this process; no two may share it
	Ledger  Shelves
	Stock   SupplyList
	Slot    func(upstream.Supply) (booking.Slot, bool) // as it is in the snapshot
	Ready   func() error                               // what the snapshot still lacks; may be nil
	Metrics *SupplyMetrics                             // nil counts nothing
	Logger  *slog.Logger

	leading bool
	owed    map[booking.SlotID]int // places to shrink to when people leave
}

const (
	supplyName  = "supplies"
	supplyEvery = 5 * time.Second
)

// Run follows until ctx ends, in one of all processes at a time.
func (s *Supplies) Run(ctx context.Context) {
	failing := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(supplyEvery):
		}
		err := s.Poll(ctx)
		if (err != nil) != failing && ctx.Err() == nil {
			failing = err != nil
			s.Logger.Warn("stock supplies", "failing", failing, "error", err)
		}
	}
}

// Poll takes in what has changed since the last time.
func (s *Supplies) Poll(ctx context.Context) error {
	if s.Ready != nil {
		if err := s.Ready(); err != nil { // every change would be to a slot nobody knows
			return fmt.Errorf("follow supplies: %w", err)
		}
	}
	now := time.Now()
	after, mine, err := s.Ledger.Follow(ctx, supplyName, s.Holder, now.UnixMilli(), now.Add(4*supplyEvery).UnixMilli())
	if err != nil {
		return fmt.Errorf("follow supplies: %w", err)
	}
	if !mine {
		s.leading = false
		return nil
	}
	if !s.leading {
		if err := s.takeOver(ctx, after); err != nil {
			return err
		}
		s.leading = true
	}
	for {
		changes, more, err := s.Stock.Supplies(ctx, after)
		if err != nil {
			return fmt.Errorf("supplies: %w", err)
		}
		for _, c := range changes {
			after = c.Number
			if slot, ok := s.find(c); ok {
				s.owed[slot.ID] = c.Places
			}
		}
		if more {
			continue
		}
		if err := s.settle(ctx); err != nil {
			return err
		}
		if err := s.Ledger.Followed(ctx, supplyName, s.Holder, after); err != nil {
			return fmt.Errorf("follow supplies: %w", err)
		}
		return nil
	}
}

// takeOver finds what whoever went before still owed: slots with more places
// than were asked for. What has been done is not done again, or it would bring
// back what was withdrawn since.
func (s *Supplies) takeOver(ctx context.Context, upTo int64) error {
	s.owed = map[booking.SlotID]int{}
	for from, more := int64(0), true; more && from < upTo; {
		changes, rest, err := s.Stock.Supplies(ctx, from)
		if err != nil {
			return fmt.Errorf("supplies: %w", err)
		}
		for _, c := range changes {
			from = c.Number
			if slot, ok := s.find(c); ok && c.Number <= upTo && slot.WithdrawnMS == 0 && c.Places < slot.Capacity {
				s.owed[slot.ID] = c.Places
			}
		}
		more = rest
	}
	return nil
}

func (s *Supplies) find(c upstream.Supply) (booking.Slot, bool) {
	slot, ok := s.Slot(c)
	if !ok {
		s.Metrics.unknown()
		s.Logger.Warn("places in a slot nobody knows", "institution", c.Institution, "vaccine", c.Vaccine, "date", c.Date, "time", c.Time)
	}
	return slot, ok
}

// settle brings the ledger as near to what is owed as its people allow.
func (s *Supplies) settle(ctx context.Context) error {
	if len(s.owed) == 0 {
		s.Metrics.surplus(0)
		return nil
	}
	surplus, err := s.Ledger.SetCapacities(ctx, s.owed)
	if err != nil {
		return fmt.Errorf("supplies: %w", err)
	}
	rest := make(map[booking.SlotID]int, len(surplus))
	for _, id := range surplus {
		rest[id] = s.owed[id]
	}
	s.owed = rest
	s.Metrics.surplus(len(rest))
	return nil
}

// SupplyMetrics are the figures of a process that follows supplies.
type SupplyMetrics struct {
	crowded prometheus.Gauge
	nowhere prometheus.Counter
}

// NewSupplyMetrics registers them.
func NewSupplyMetrics(reg prometheus.Registerer) *SupplyMetrics {
	m := &SupplyMetrics{
		crowded: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "sunbeon_stock_surplus_slots", Help: "Slots with more people than the institution now gives places.",
		}),
		nowhere: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "sunbeon_stock_unknown_supplies_total", Help: "Changes by institutions to slots that were never imported.",
		}),
	}
	reg.MustRegister(m.crowded, m.nowhere)
	return m
}

func (m *SupplyMetrics) surplus(slots int) {
	if m != nil {
		m.crowded.Set(float64(slots))
	}
}

func (m *SupplyMetrics) unknown() {
	if m != nil {
		m.nowhere.Inc()
	}
}
