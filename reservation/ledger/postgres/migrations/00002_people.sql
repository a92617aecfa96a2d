-- +goose Up
-- Who may book with a cohort, where eligibility is imported.
CREATE TABLE rosters (
  cohort text NOT NULL,
  person text NOT NULL,
  reason text NOT NULL, -- a stable code of why not; empty for those who may
  detail text NOT NULL,
  PRIMARY KEY (cohort, person)
);

-- Who was refused and has not been told since that they may book.
CREATE TABLE refusals (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  person  text NOT NULL,
  cohort  text NOT NULL,
  reason  text NOT NULL,
  sealed  bytea NOT NULL,
  time_ms bigint NOT NULL,
  UNIQUE (person, cohort)
);

-- Slots an institution has withdrawn: who held one books again without a line.
CREATE TABLE withdrawals (
  slot    bigint PRIMARY KEY REFERENCES slots (id),
  time_ms bigint NOT NULL
);

-- Staff also act for people, who may have no booking yet.
ALTER TABLE accesses ADD COLUMN person text NOT NULL DEFAULT '';

-- +goose Down
ALTER TABLE accesses DROP COLUMN person;
DROP TABLE withdrawals, refusals, rosters;
