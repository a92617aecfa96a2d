-- +goose Up
-- What an event gave back, beside what it took: the outbox tells how many places
-- are taken, and no booking has to rewrite the rows of its slots.
ALTER TABLE outbox ADD COLUMN left_first bigint NOT NULL DEFAULT 0; -- slots; 0 for none
ALTER TABLE outbox ADD COLUMN left_second bigint NOT NULL DEFAULT 0;

-- One row: places.taken counts the events up to this one.
CREATE TABLE tally (settled bigint NOT NULL);
INSERT INTO tally SELECT coalesce(max(id), 0) FROM outbox;

ALTER TABLE places DROP COLUMN changed;

-- Places as they are now.
CREATE VIEW counted AS
SELECT p.slot, p.capacity, p.taken + coalesce(d.n, 0) AS taken
FROM places AS p LEFT JOIN (
  SELECT slot, sum(n) AS n FROM (
    SELECT first AS slot, 1 AS n FROM outbox WHERE id > (SELECT settled FROM tally) AND kind IN ('booked', 'changed')
    UNION ALL SELECT second, 1 FROM outbox WHERE id > (SELECT settled FROM tally) AND kind IN ('booked', 'changed')
    UNION ALL SELECT left_first, -1 FROM outbox WHERE id > (SELECT settled FROM tally)
    UNION ALL SELECT left_second, -1 FROM outbox WHERE id > (SELECT settled FROM tally)) AS moves
  GROUP BY slot) AS d ON d.slot = p.slot;

-- +goose Down
UPDATE places SET taken = (SELECT taken FROM counted AS c WHERE c.slot = places.slot);
DROP VIEW counted;
DROP TABLE tally;
ALTER TABLE places ADD COLUMN changed bigint NOT NULL DEFAULT 0;
ALTER TABLE outbox DROP COLUMN left_first;
ALTER TABLE outbox DROP COLUMN left_second;
