package cli

import (
	"context"
	"net/http"
	"time"

	"sunbeon/internal/observability"
	"sunbeon/internal/pki"
	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/outbox"
	"sunbeon/reservation/upstream"
	"sunbeon/reservation/was"
)

// behindBookings wires what runs behind the bookings of a server: messages,
// write-back, reconciliation, supplies, invitations. Every server has all of it;
// of each, one at a time works.
type behindBookings struct {
	f         wasFlags
	o         *observability.Observability
	store     ledger.Store
	sealer    *ledger.Sealer
	available *ledger.Availability
	stock     *upstream.Stock
	register  *upstream.Eligibility
	judge     was.Eligibility
}

// What live systems are asked behind people's backs, a second: a small part of what
// they can do. A stock system that lies about all it holds is asked to reserve it anew.
const (
	invitePace  = 5
	reservePace = 10
)

func (b behindBookings) all(identity *pki.Identity) []interface{ Run(context.Context) } {
	metrics := outbox.NewMetrics(b.o.Registry)
	follower := func(name string, sink outbox.Sink) *outbox.Follower {
		return &outbox.Follower{Name: name, Holder: b.f.id, Ledger: b.store, Sink: sink, Metrics: metrics, Logger: b.o.Logger}
	}
	reconciler := &outbox.Reconciler{
		Holder: b.f.id, Ledger: b.store, Stock: b.stock, Reservation: b.reservation,
		Metrics: outbox.NewReconcilerMetrics(b.o.Registry), Logger: b.o.Logger,
	}
	if !b.f.importedStock {
		reconciler.Pace = reservePace
	}
	list := []interface{ Run(context.Context) }{
		follower("stock", &outbox.WriteBack{
			Stock: b.stock, Bookings: b.store, AskedBefore: !b.f.importedStock, Reservation: b.reservation,
		}),
		reconciler,
		&outbox.Supplies{
			Holder: b.f.id, Ledger: b.store, Stock: b.stock, Slot: b.slot, Metrics: outbox.NewSupplyMetrics(b.o.Registry), Logger: b.o.Logger,
			Ready: func() error { _, err := b.available.Age(time.Now()); return err },
		},
	}
	if b.f.importedEligibility {
		list = append(list, follower("eligibility", &outbox.Registration{
			Register: b.register, Bookings: b.store, Sealer: b.sealer, Disputed: outbox.NewDisputed(b.o.Registry), Logger: b.o.Logger,
		}))
	}
	if b.f.webhook == "" {
		return list
	}
	centre := &outbox.Webhook{
		URL: b.f.webhook, Bookings: b.store, Sealer: b.sealer, Appointment: b.appointment,
		HTTP: &http.Client{Transport: b.o.Transport(&http.Transport{TLSClientConfig: identity.ClientTLS(), MaxIdleConnsPerHost: 16})},
	}
	invitations := &outbox.Invitations{
		Holder: b.f.id, Ledger: b.store, Judge: b.judge, Inviter: centre, Sealer: b.sealer, Logger: b.o.Logger,
	}
	if !b.f.importedEligibility {
		invitations.Pace = invitePace
	}
	return append(list, follower("messages", centre), invitations)
}

func (b behindBookings) reservation(first booking.SlotID) (upstream.Reservation, bool) {
	offer, ok := b.available.Slot(first)
	_, vaccine := b.available.SecondDose(first)
	return upstream.Reservation{
		Institution: offer.Institution.ID.String(), Vaccine: offer.Slot.Vaccine,
		Date: offer.Slot.Start.Date(), Doses: max(vaccine.Doses, 1),
	}, ok
}

func (b behindBookings) appointment(id booking.SlotID) (outbox.Appointment, bool) {
	offer, ok := b.available.Slot(id)
	return outbox.Appointment{
		Institution: offer.Institution.Name, Date: offer.Slot.Start.Date(), Time: offer.Slot.Start.Clock(), Vaccine: offer.Slot.Vaccine,
	}, ok
}

// slot is the one in which an institution has changed its places.
func (b behindBookings) slot(c upstream.Supply) (booking.Slot, bool) {
	id, err := booking.ParseInstitutionID(c.Institution)
	if err != nil {
		return booking.Slot{}, false
	}
	start, err := booking.ParseMoment(c.Date, c.Time)
	if err != nil {
		return booking.Slot{}, false
	}
	return b.available.At(id, c.Vaccine, start)
}
