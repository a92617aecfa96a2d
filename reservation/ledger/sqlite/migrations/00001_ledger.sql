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

CREATE TABLE bookings (
  serial   INTEGER PRIMARY KEY,
  person   TEXT NOT NULL,
  cohort   TEXT NOT NULL,
  pass     TEXT NOT NULL,
  hold     TEXT NOT NULL,
  sealed   BLOB NOT NULL,
  live     INTEGER NOT NULL,
  made_ms  INTEGER NOT NULL,
  since_ms INTEGER NOT NULL
) STRICT;

-- At most one row a person and dose: the live one, or the last one cancelled.
-- The key is what keeps anybody from holding a dose twice.
CREATE TABLE doses (
  person TEXT NOT NULL,
  dose   INTEGER NOT NULL,
  serial INTEGER NOT NULL REFERENCES bookings (serial),
  slot   INTEGER NOT NULL REFERENCES slots (id),
  live   INTEGER NOT NULL,
  PRIMARY KEY (person, dose)
) STRICT, WITHOUT ROWID;

CREATE TABLE answers (
  person  TEXT NOT NULL,
  key     TEXT NOT NULL,
  digest  INTEGER NOT NULL,
  code    TEXT NOT NULL,
  serial  INTEGER NOT NULL,
  slots   TEXT NOT NULL, -- JSON array
  freed   TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  PRIMARY KEY (person, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  kind    TEXT NOT NULL,
  serial  INTEGER NOT NULL,
  cohort  TEXT NOT NULL,
  pass    TEXT NOT NULL, -- empty unless the booking is the first under it
  slots   TEXT NOT NULL, -- JSON array
  time_ms INTEGER NOT NULL
) STRICT;

-- +goose Down
DROP TABLE outbox;
DROP TABLE answers;
DROP TABLE doses;
DROP TABLE bookings;
DROP TABLE imports;
DROP TABLE places;
DROP TABLE slots;
DROP TABLE institutions;
DROP TABLE vaccines;
