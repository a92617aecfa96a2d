-- +goose Up
-- The version of the catalog in which a slot was last given its places from
-- outside: who counts them or shows them reads what is new, not all there is.
ALTER TABLE places ADD COLUMN version INTEGER NOT NULL DEFAULT 0;
CREATE INDEX places_version ON places (version) WHERE version > 0;

-- Whether the import added rows, and did not only change places.
ALTER TABLE imports ADD COLUMN added INTEGER NOT NULL DEFAULT 1;

-- +goose Down
ALTER TABLE imports DROP COLUMN added;
DROP INDEX places_version;
ALTER TABLE places DROP COLUMN version;
