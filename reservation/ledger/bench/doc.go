// Package bench measures how many durable two-dose bookings a second go through
// a ledger, beside what one would write without it, on the same server and in
// the same run.
//
// The yardstick is one transaction a booking on the same tables: for SQLite one
// commit each; for PostgreSQL the textbook's SELECT … FOR UPDATE over the pool
// that serves it best. It does what textbooks do: it counts places in the rows of
// the slots, writes the booking and its message as two rows, and has an index keep
// persons apart; the ledger does neither of the first two, and in SQLite has a trigger
// in place of the index. Everybody books through 64 concurrent callers, seals the
// personal data, and wants slots whose popularity follows Zipf's law, because
// that is what a rush is: most people want the same places. Rounds alternate,
// and the middle one counts, because a machine is never quite at rest.
//
// Throughput alone could be bought with waiting. So the ledger is also measured
// at half its rate from several processes that share it, with requests that come
// when they come: that is where p99 is taken.
package bench
