// Package ledger keeps the bookings. Acknowledged means committed with fsync.
//
// A [Writer] groups the requests that arrive while a commit is under way into
// the next batch: one transaction, one commit, many bookings, each with its own
// outcome. The store loads the people a batch names in a set-based statement, or
// guesses that they are new and has it checked, and counts places in memory
// ([Tally]); [booking.Decide] decides, and a statement a table writes it down.
// Several processes may write to one store: each takes the store's lock around
// its transaction, so batches never conflict and nothing is retried.
//
// [Availability] answers searches from memory and is refreshed several times a second.
// Only the booking itself is authoritative.
//
// The stores are in sqlite and postgres; ledgertest holds the suite both pass.
package ledger

import (
	"context"
	"errors"
	"iter"

	"sunbeon/reservation/booking"
)

// Store is a ledger on disk. Both stores implement it whole; those who need
// less of it declare less.
type Store interface {
	Committer
	Source

	// Seed adds what is not there yet and brings vaccines and institutions up to
	// date. Slots whose id exists are left alone.
	Seed(ctx context.Context, c Catalog) error
	// SetCapacities follows the institutions: places may grow at once, and shrink
	// as far as nobody holds them. It returns the slots with more people than
	// places; setting them again later takes what has been given up since.
	SetCapacities(ctx context.Context, places map[booking.SlotID]int) (surplus []booking.SlotID, err error)
	// Withdraw takes slots off for good: no place of theirs is given any more,
	// and everybody who holds one gets an event of [booking.Withdrawn]. Slots
	// withdrawn before are left alone. SetCapacities brings a slot back.
	Withdraw(ctx context.Context, slots []booking.SlotID, nowMS int64) error
	// Holders are the live bookings with a dose in one of the slots, sealed data
	// included, in the order of serials.
	Holders(ctx context.Context, slots []booking.SlotID) ([]booking.Booking, error)
	// Enrol writes lines of rosters; those that are there are overwritten.
	Enrol(ctx context.Context, lines []Enrolment) error
	// Enrolled is a person's line in the roster of a cohort or ErrNotFound.
	Enrolled(ctx context.Context, person, cohort string) (Enrolment, error)
	// Refused remembers whom to invite back; of a person and cohort the latest.
	Refused(ctx context.Context, list []Refusal) error
	// Refusals are up to limit of them after an id, in order.
	Refusals(ctx context.Context, after int64, limit int) ([]Refusal, error)
	// Forget drops refusals that nobody need be told about any more.
	Forget(ctx context.Context, refusals []int64) error
	// Accessed records what staff are about to see or do; it comes before that.
	Accessed(ctx context.Context, a Access) error
	// Accesses are the records of a query, oldest first.
	Accesses(ctx context.Context, q AccessQuery) ([]Access, error)
	// Latest is the person's live booking or else the last one cancelled; it
	// is ErrNotFound if there never was one. Cancelled bookings keep the
	// slots they had.
	Latest(ctx context.Context, person string) (booking.Booking, error)
	// Find is the booking of that serial or ErrNotFound.
	Find(ctx context.Context, serial int64) (booking.Booking, error)
	// Answer is the answer recorded for an attempt or ErrNotFound.
	Answer(ctx context.Context, a booking.Attempt) (booking.Recorded, error)
	// Live yields every live booking in the order of serials. It ends at the
	// first error.
	Live(ctx context.Context) iter.Seq2[booking.Booking, error]
	// Events are up to limit of those after the given number, in order.
	Events(ctx context.Context, after int64, limit int) ([]booking.Event, error)
	// Follow makes holder, until the time given, the one process that follows
	// the outbox under a name, if nobody else is at nowMS. It returns the event
	// up to which the name has got.
	Follow(ctx context.Context, name, holder string, nowMS, untilMS int64) (after int64, mine bool, err error)
	// Followed records that the name has got up to an event; nothing if holder
	// does not follow any more.
	Followed(ctx context.Context, name, holder string, after int64) error
	// Restored is called once after a restore from a backup. Numbers that may
	// have been given out since the backup are never given out again.
	Restored(ctx context.Context, nowMS int64) error
	// Audit counts broken invariants.
	Audit(ctx context.Context) (Audit, error)
	Close() error
}

// RestoreGap is how many serials and events a restore skips: far more than can
// have been given out since the last backup.
const RestoreGap int64 = 10_000_000

// ErrNotFound says that a store has no such row.
var ErrNotFound = errors.New("not in the ledger")

// Audit counts what must never be. All but Live are zero in a sound ledger.
type Audit struct {
	Live       int64 // live bookings
	Overbooked int64 // slots with more live doses than capacity
	Miscounted int64 // slots whose count of places taken is not that of their live doses
	Duplicates int64 // persons with two live bookings
	Passless   int64 // live bookings without a pass
	Orphans    int64 // events without a booking
}

// Violations by the name of the invariant they break.
func (a Audit) Violations() map[string]int64 {
	return map[string]int64{
		"overbooked": a.Overbooked, "miscounted": a.Miscounted, "duplicate": a.Duplicates,
		"passless": a.Passless, "message_without_booking": a.Orphans,
	}
}
