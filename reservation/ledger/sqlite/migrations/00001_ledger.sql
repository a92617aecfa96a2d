-- +goose Up
CREATE TABLE vaccines (
  id            TEXT PRIMARY KEY,
  doses         INTEGER NOT NULL,
  interval_days INTEGER NOT NULL,
  slack_days    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE institutions (
  id       INTEGER PRIMARY KEY,
  name     TEXT NOT NULL,
  province TEXT NOT NULL,
  district TEXT NOT NULL
) STRICT;

CREATE TABLE slots (
  id          INTEGER PRIMARY KEY,
  institution INTEGER NOT NULL REFERENCES institutions (id),
  start       INTEGER NOT NULL, -- civil minutes since 1970-01-01 00:00
  vaccine     TEXT NOT NULL REFERENCES vaccines (id)
) STRICT;

-- Apart from slots, so that the rows a rush rewrites lie close together.
CREATE TABLE places (
  slot     INTEGER PRIMARY KEY REFERENCES slots (id),
  capacity INTEGER NOT NULL,
  taken    INTEGER NOT NULL DEFAULT 0 CHECK (taken BETWEEN 0 AND capacity),
  changed  INTEGER NOT NULL DEFAULT 0 -- an outbox id of the last batch that changed it
) STRICT;

-- One row an import that added something; the highest id is the catalog's version.
CREATE TABLE imports (
  id      INTEGER PRIMARY KEY,
  time_ms INTEGER NOT NULL
) STRICT;

-- One row holds the booking, its doses and the answer to the request that made
-- it: a rush writes as few pages as it can. Sealed data stands last, so that
-- looking somebody up does not read it.
CREATE TABLE bookings (
  serial        INTEGER PRIMARY KEY,
  person        TEXT NOT NULL,
  replaced      INTEGER NOT NULL, -- 0, or the serial once the person has a later booking
  live          INTEGER NOT NULL,
  first         INTEGER NOT NULL, -- slots; 0 for no second dose
  second        INTEGER NOT NULL,
  key           TEXT NOT NULL,    -- of the request that made it, with what it was answered
  digest        INTEGER NOT NULL,
  chosen_first  INTEGER NOT NULL,
  chosen_second INTEGER NOT NULL,
  cohort        TEXT NOT NULL,
  pass          TEXT NOT NULL,
  hold          TEXT NOT NULL,
  made_ms       INTEGER NOT NULL,
  since_ms      INTEGER NOT NULL,
  sealed        BLOB NOT NULL,
  CHECK (NOT live OR replaced = 0)
) STRICT;

-- What keeps anybody from holding a dose twice: one latest booking a person.
CREATE UNIQUE INDEX bookings_person ON bookings (person, replaced);

-- Answers that are not the making of a booking.
CREATE TABLE answers (
  person  TEXT NOT NULL,
  key     TEXT NOT NULL,
  digest  INTEGER NOT NULL,
  code    TEXT NOT NULL,
  serial  INTEGER NOT NULL,
  first   INTEGER NOT NULL,
  second  INTEGER NOT NULL,
  freed   TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  PRIMARY KEY (person, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  kind    TEXT NOT NULL,
  serial  INTEGER NOT NULL REFERENCES bookings (serial),
  cites   INTEGER NOT NULL, -- the first booking made under its pass
  first   INTEGER NOT NULL,
  second  INTEGER NOT NULL,
  freed   TEXT NOT NULL,    -- the stock reservation it left behind
  time_ms INTEGER NOT NULL
) STRICT;

-- Who follows the outbox, how far they have got, and which process does it.
CREATE TABLE followers (
  name     TEXT PRIMARY KEY,
  holder   TEXT NOT NULL,
  until_ms INTEGER NOT NULL,
  after    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Who of the staff looked at whose personal data, and why.
CREATE TABLE accesses (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  time_ms INTEGER NOT NULL,
  account TEXT NOT NULL,
  action  TEXT NOT NULL,
  reason  TEXT NOT NULL,
  serial  INTEGER NOT NULL
) STRICT;

-- One row a restore from a backup: serials up to the floor may have been told to
-- people whose bookings the backup does not hold.
CREATE TABLE restores (
  time_ms INTEGER NOT NULL,
  floor   INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE restores;
DROP TABLE accesses;
DROP TABLE followers;
DROP TABLE outbox;
DROP TABLE answers;
DROP TABLE bookings;
DROP TABLE imports;
DROP TABLE places;
DROP TABLE slots;
DROP TABLE institutions;
DROP TABLE vaccines;
