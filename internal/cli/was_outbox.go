package cli

import (
	"net/http"

	"sunbeon/internal/observability"
	"sunbeon/internal/pki"
	"sunbeon/reservation/booking"
	"sunbeon/reservation/ledger"
	"sunbeon/reservation/outbox"
	"sunbeon/reservation/upstream"
)

// followers carry what the ledger commits to the message centre and to the stock
// system. Every booking server has them; one at a time works.
func followers(f wasFlags, identity *pki.Identity, o *observability.Observability, store ledger.Store,
	sealer *ledger.Sealer, available *ledger.Availability, stock *upstream.Stock) []*outbox.Follower {
	metrics := outbox.NewMetrics(o.Registry)
	list := []*outbox.Follower{{
		Name: "stock", Holder: f.id, Ledger: store, Metrics: metrics, Logger: o.Logger,
		Sink: &outbox.WriteBack{
			Stock: stock, Bookings: store, AskedBefore: !f.importedStock,
			Reservation: func(first booking.SlotID) (upstream.Reservation, bool) {
				offer, ok := available.Slot(first)
				_, vaccine := available.SecondDose(first)
				return upstream.Reservation{
					Institution: offer.Institution.ID.String(), Vaccine: offer.Slot.Vaccine,
					Date: offer.Slot.Start.Date(), Doses: max(vaccine.Doses, 1),
				}, ok
			},
		},
	}}
	if f.webhook != "" {
		list = append(list, &outbox.Follower{
			Name: "messages", Holder: f.id, Ledger: store, Metrics: metrics, Logger: o.Logger,
			Sink: &outbox.Webhook{
				URL: f.webhook, Bookings: store, Sealer: sealer,
				HTTP: &http.Client{Transport: o.Transport(&http.Transport{TLSClientConfig: identity.ClientTLS(), MaxIdleConnsPerHost: 16})},
				Appointment: func(id booking.SlotID) (outbox.Appointment, bool) {
					offer, ok := available.Slot(id)
					return outbox.Appointment{
						Institution: offer.Institution.Name, Date: offer.Slot.Start.Date(), Time: offer.Slot.Start.Clock(), Vaccine: offer.Slot.Vaccine,
					}, ok
				},
			},
		})
	}
	return list
}
