-- +goose Up
-- The row of a booking tells of its making; the outbox is left with what happens
-- to it later. One sequence numbers both, above whatever either gave out.
ALTER TABLE bookings ADD COLUMN cites boolean; -- the first booking made under its pass; NULL: the outbox tells of its making
INSERT INTO restores SELECT 0, last_value FROM outbox_id_seq WHERE is_called;
ALTER TABLE outbox ALTER COLUMN id DROP IDENTITY;

-- What each batch moved, until every row of places has counted it: a JSON object
-- of places taken by slot, negative for given back.
CREATE TABLE moves (
  batch bigint PRIMARY KEY, -- the highest number it gave out
  slots text NOT NULL
);

-- A row of places has counted the batches up to its own; swept has the one that
-- all of them have counted. By the new name a process of the release before, which
-- would count otherwise, can write no more.
UPDATE places SET taken = (SELECT taken FROM counted AS c WHERE c.slot = places.slot);
DROP VIEW counted;
ALTER TABLE places ADD COLUMN settled bigint NOT NULL DEFAULT 0;
UPDATE places SET settled = (SELECT coalesce(max(id), 0) FROM outbox);
ALTER TABLE tally RENAME TO swept;
ALTER TABLE swept RENAME COLUMN settled TO batch;
UPDATE swept SET batch = (SELECT coalesce(max(id), 0) FROM outbox);

-- Places as they are now.
CREATE VIEW counted AS
SELECT p.slot, p.capacity, p.taken + coalesce(d.n, 0) AS taken
FROM places AS p LEFT JOIN (
  SELECT q.slot, sum(j.value::bigint) AS n
  FROM moves AS m CROSS JOIN json_each_text(m.slots::json) AS j JOIN places AS q ON q.slot = j.key::bigint
  WHERE m.batch > q.settled GROUP BY q.slot) AS d ON d.slot = p.slot;

-- +goose Down
INSERT INTO outbox (id, kind, serial, cites, first, second, freed, time_ms)
SELECT serial, 'booked', serial, cites, chosen_first, chosen_second, '', made_ms FROM bookings WHERE cites IS NOT NULL;
UPDATE places SET taken = (SELECT taken FROM counted AS c WHERE c.slot = places.slot);
DROP VIEW counted;
ALTER TABLE swept RENAME COLUMN batch TO settled;
ALTER TABLE swept RENAME TO tally;
UPDATE tally SET settled = (SELECT coalesce(max(id), 0) FROM outbox);
DROP TABLE moves;
ALTER TABLE places DROP COLUMN settled;
ALTER TABLE bookings DROP COLUMN cites;
ALTER TABLE outbox ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY;
SELECT setval(pg_get_serial_sequence('outbox', 'id'), greatest((SELECT max(id) FROM outbox), (SELECT max(floor) FROM restores), 1));
CREATE VIEW counted AS
SELECT p.slot, p.capacity, p.taken + coalesce(d.n, 0) AS taken
FROM places AS p LEFT JOIN (
  SELECT slot, sum(n) AS n FROM (
    SELECT first AS slot, 1 AS n FROM outbox WHERE id > (SELECT settled FROM tally) AND kind IN ('booked', 'changed')
    UNION ALL SELECT second, 1 FROM outbox WHERE id > (SELECT settled FROM tally) AND kind IN ('booked', 'changed')
    UNION ALL SELECT left_first, -1 FROM outbox WHERE id > (SELECT settled FROM tally)
    UNION ALL SELECT left_second, -1 FROM outbox WHERE id > (SELECT settled FROM tally)) AS moves
  GROUP BY slot) AS d ON d.slot = p.slot;
