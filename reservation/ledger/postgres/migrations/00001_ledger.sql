-- +goose Up
CREATE TABLE vaccines (
  id            text PRIMARY KEY,
  doses         bigint NOT NULL,
  interval_days bigint NOT NULL,
  slack_days    bigint NOT NULL
);

CREATE TABLE institutions (
  id       bigint PRIMARY KEY,
  name     text NOT NULL,
  province text NOT NULL,
  district text NOT NULL
);

CREATE TABLE slots (
  id          bigint PRIMARY KEY,
  institution bigint NOT NULL REFERENCES institutions (id),
  start       bigint NOT NULL, -- civil minutes since 1970-01-01 00:00
  vaccine     text NOT NULL REFERENCES vaccines (id)
);

-- Apart from slots, so that the rows a rush rewrites are narrow. Half-empty
-- pages let an update stay on its page and leave the index alone.
CREATE TABLE places (
  slot     bigint PRIMARY KEY,
  capacity bigint NOT NULL,
  taken    bigint NOT NULL DEFAULT 0 CHECK (taken BETWEEN 0 AND capacity),
  changed  bigint NOT NULL DEFAULT 0 -- an outbox id of the last batch that changed it
) WITH (fillfactor = 50);

-- One row an import that added something; the highest id is the catalog's version.
CREATE TABLE imports (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  time_ms bigint NOT NULL
);

-- One row holds the booking, its doses and the answer to the request that made
-- it: a rush writes as few rows and index entries as it can.
CREATE TABLE bookings (
  serial        bigint PRIMARY KEY,
  person        text NOT NULL,
  replaced      bigint NOT NULL, -- 0, or the serial once the person has a later booking
  live          boolean NOT NULL,
  first         bigint NOT NULL, -- slots; 0 for no second dose
  second        bigint NOT NULL,
  key           text NOT NULL,   -- of the request that made it, with what it was answered
  digest        bigint NOT NULL,
  chosen_first  bigint NOT NULL,
  chosen_second bigint NOT NULL,
  cohort        text NOT NULL,
  pass          text NOT NULL,
  hold          text NOT NULL,
  made_ms       bigint NOT NULL,
  since_ms      bigint NOT NULL,
  sealed        bytea NOT NULL,
  CHECK (NOT live OR replaced = 0)
);

-- What keeps anybody from holding a dose twice: one latest booking a person.
-- Foreign keys would lock the rows they refer to, one by one, in every batch;
-- the writers' lock makes that needless.
CREATE UNIQUE INDEX bookings_person ON bookings (person, replaced);

-- Answers that are not the making of a booking.
CREATE TABLE answers (
  person  text NOT NULL,
  key     text NOT NULL,
  digest  bigint NOT NULL,
  code    text NOT NULL,
  serial  bigint NOT NULL,
  first   bigint NOT NULL,
  second  bigint NOT NULL,
  freed   text NOT NULL,
  time_ms bigint NOT NULL,
  PRIMARY KEY (person, key)
);

CREATE TABLE outbox (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind    text NOT NULL,
  serial  bigint NOT NULL,
  cites   boolean NOT NULL, -- the first booking made under its pass
  first   bigint NOT NULL,
  second  bigint NOT NULL,
  freed   text NOT NULL,    -- the stock reservation it left behind
  time_ms bigint NOT NULL
);

-- Who follows the outbox, how far they have got, and which process does it.
CREATE TABLE followers (
  name     text PRIMARY KEY,
  holder   text NOT NULL,
  until_ms bigint NOT NULL,
  after    bigint NOT NULL
);

-- Who of the staff looked at whose personal data, and why.
CREATE TABLE accesses (
  id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  time_ms bigint NOT NULL,
  account text NOT NULL,
  action  text NOT NULL,
  reason  text NOT NULL,
  serial  bigint NOT NULL
);

-- One row a restore from a backup: serials up to the floor may have been told to
-- people whose bookings the backup does not hold.
CREATE TABLE restores (
  time_ms bigint NOT NULL,
  floor   bigint NOT NULL
);

-- +goose Down
DROP TABLE restores, accesses, followers, outbox, answers, bookings, imports, places, slots, institutions, vaccines;
