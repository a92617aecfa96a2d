package ledger

import "sunbeon/reservation/booking"

// What both stores keep in the same columns and read in the same way.
const (
	// RowColumns are a booking without the sealed data, for [ScanRow].
	RowColumns = `b.serial, b.person, b.replaced, b.live, b.first, b.second, b.key, b.digest, b.chosen_first, b.chosen_second,
  b.cohort, b.pass, b.hold, b.made_ms, b.since_ms`

	// SelectBookings is to be followed by a WHERE; its rows are for [ScanBooking].
	SelectBookings = `SELECT ` + RowColumns + `, b.sealed FROM bookings AS b `

	// SelectSlots is to be followed by a WHERE or an ORDER; its rows are for
	// [SlotFields].
	SelectSlots = `
SELECT s.id, s.institution, s.start, s.vaccine, p.capacity, coalesce(w.time_ms, 0)
FROM slots AS s JOIN places AS p ON p.slot = s.id LEFT JOIN withdrawals AS w ON w.slot = s.id
`

	// SelectEvents are up to $2 events after $1, for [ScanEvent]. The row of a
	// booking tells of its making; the outbox has the rest, and the makings of
	// bookings so old that their rows do not tell.
	SelectEvents = `
SELECT * FROM (
  SELECT serial AS id, 'booked' AS kind, serial, cohort, CASE WHEN cites THEN pass ELSE '' END AS pass,
    chosen_first, chosen_second, 0 AS left_first, 0 AS left_second, '' AS freed, made_ms
  FROM bookings WHERE serial > $1 AND cites IS NOT NULL ORDER BY serial LIMIT $2) AS makings
UNION ALL SELECT * FROM (
  SELECT o.id, o.kind, o.serial, b.cohort, CASE WHEN o.cites THEN b.pass ELSE '' END,
    o.first, o.second, o.left_first, o.left_second, o.freed, o.time_ms
  FROM outbox AS o JOIN bookings AS b ON b.serial = o.serial WHERE o.id > $1 ORDER BY o.id LIMIT $2) AS others
ORDER BY id LIMIT $2`

	// SelectAudit has the columns of [ScanAudit], all of one snapshot.
	SelectAudit = `
WITH held AS (
  SELECT slot, count(*) AS n
  FROM (SELECT first AS slot FROM bookings WHERE live UNION ALL SELECT second FROM bookings WHERE live AND second <> 0) AS doses
  GROUP BY slot)
SELECT
  (SELECT count(*) FROM bookings WHERE live),
  (SELECT count(*) FROM held JOIN places USING (slot) WHERE n > capacity),
  (SELECT count(*) FROM counted LEFT JOIN held USING (slot) WHERE taken <> coalesce(n, 0)),
  (SELECT count(*) FROM (SELECT 1 FROM bookings WHERE live GROUP BY person HAVING count(*) > 1) AS twice),
  (SELECT count(*) FROM bookings WHERE live AND pass = ''),
  (SELECT count(*) FROM outbox AS o WHERE NOT EXISTS (SELECT 1 FROM bookings AS b WHERE b.serial = o.serial))`
)

// Scanner is a row of either store's driver.
type Scanner interface{ Scan(columns ...any) error }

// ScanRow reads RowColumns and then more.
func ScanRow(from Scanner, more ...any) (m booking.Made, err error) {
	var slots [4]booking.SlotID
	var replaced int64
	err = from.Scan(append([]any{
		&m.Serial, &m.Person, &replaced, &m.Live, &slots[0], &slots[1], &m.Key, &m.Digest, &slots[2], &slots[3],
		&m.Cohort, &m.Pass, &m.Hold, &m.MadeMS, &m.SinceMS,
	}, more...)...)
	m.Replaced = replaced != 0
	m.Slots, m.Chosen = booking.Unpair(slots[0], slots[1]), booking.Unpair(slots[2], slots[3])
	return m, err
}

// ScanBooking reads a row of SelectBookings.
func ScanBooking(from Scanner) (booking.Booking, error) {
	var sealed []byte
	m, err := ScanRow(from, &sealed)
	m.Sealed = sealed
	return m.Booking, err
}

// SlotFields are where the columns of SelectSlots go.
func SlotFields(s *booking.Slot) []any {
	return []any{&s.ID, &s.Institution, &s.Start, &s.Vaccine, &s.Capacity, &s.WithdrawnMS}
}

// ScanAnswer reads person, key, digest, code, serial, slots, freed and time.
func ScanAnswer(from Scanner) (r booking.Recorded, err error) {
	var first, second booking.SlotID
	o := &r.Outcome
	err = from.Scan(&r.Person, &r.Key, &r.Digest, &o.Code, &o.Serial, &first, &second, &o.Freed, &r.TimeMS)
	o.Slots = booking.Unpair(first, second)
	return r, err
}

// ScanEvent reads a row of SelectEvents.
func ScanEvent(from Scanner) (e booking.Event, err error) {
	var slots [4]booking.SlotID
	err = from.Scan(&e.ID, &e.Kind, &e.Serial, &e.Cohort, &e.Pass, &slots[0], &slots[1], &slots[2], &slots[3], &e.Freed, &e.TimeMS)
	e.Slots, e.Left = booking.Unpair(slots[0], slots[1]), booking.Unpair(slots[2], slots[3])
	return e, err
}

// ScanAudit reads the row of SelectAudit.
func ScanAudit(from Scanner) (a Audit, err error) {
	err = from.Scan(&a.Live, &a.Overbooked, &a.Miscounted, &a.Duplicates, &a.Passless, &a.Orphans)
	return a, err
}
