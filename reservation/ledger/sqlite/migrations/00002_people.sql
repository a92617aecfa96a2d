-- +goose Up
-- Who may book with a cohort, where eligibility is imported.
CREATE TABLE rosters (
  cohort TEXT NOT NULL,
  person TEXT NOT NULL,
  reason TEXT NOT NULL, -- a stable code of why not; empty for those who may
  detail TEXT NOT NULL,
  PRIMARY KEY (cohort, person)
) STRICT, WITHOUT ROWID;

-- Who was refused and has not been told since that they may book.
CREATE TABLE refusals (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  person  TEXT NOT NULL,
  cohort  TEXT NOT NULL,
  reason  TEXT NOT NULL,
  sealed  BLOB NOT NULL,
  time_ms INTEGER NOT NULL,
  UNIQUE (person, cohort)
) STRICT;

-- Slots an institution has withdrawn: who held one books again without a line.
CREATE TABLE withdrawals (
  slot    INTEGER PRIMARY KEY REFERENCES slots (id),
  time_ms INTEGER NOT NULL
) STRICT;

-- Staff also act for people, who may have no booking yet.
ALTER TABLE accesses ADD COLUMN person TEXT NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE accesses DROP COLUMN person;
DROP TABLE withdrawals;
DROP TABLE refusals;
DROP TABLE rosters;
