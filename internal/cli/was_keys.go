package cli

import (
	"context"
	"errors"

	"sunbeon/reservation/booking"
	"sunbeon/reservation/credential"
	"sunbeon/reservation/ledger"
)

// tried is how many of a ledger's first bookings the keys are tried on: one that
// is damaged says nothing about them.
const tried = 16

// fits fails where a ledger with bookings was kept under other keys. Under another
// ledger.key nobody could be sent their message, which would be given up as
// unreadable; under another person.key everybody would be a stranger, and could book
// a second time.
func fits(ctx context.Context, store ledger.Store, sealer *ledger.Sealer, persons *credential.PersonKey) error {
	ref, person, err := legible(ctx, store, sealer)
	if err == nil && ref != "" && persons.Ref(person.CI) != ref {
		return errors.New("person.key is not the one of this ledger: people who have a booking could make another")
	}
	return err
}

// legible returns somebody whose booking can be read, under the name the ledger has for
// them; nobody where there are no bookings. It fails where none of those tried can be.
func legible(ctx context.Context, store ledger.Store, sealer *ledger.Sealer) (ref string, person booking.Person, err error) {
	events, err := store.Events(ctx, 0, tried)
	if err != nil || len(events) == 0 {
		return "", person, err
	}
	for _, e := range events {
		b, err := store.Find(ctx, e.Serial)
		if err != nil {
			return "", person, err
		}
		if person, err = sealer.Open(b.Person, b.Sealed); err == nil {
			return b.Person, person, nil
		}
	}
	return "", person, errors.New("ledger.key is not the one of this ledger: what is sealed in it cannot be read")
}
