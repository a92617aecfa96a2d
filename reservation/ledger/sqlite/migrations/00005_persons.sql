-- +goose Up
-- Whose a booking is, by a hash of the person. Persons lie scattered over an index,
-- so that each booking would cost a batch a page of it: this table follows the
-- bookings at a distance, in its own order, page by page.
CREATE TABLE persons (
  tag    INTEGER NOT NULL,
  serial INTEGER NOT NULL,
  PRIMARY KEY (tag, serial)
) STRICT, WITHOUT ROWID;
DROP INDEX bookings_person;

-- One row: how far the tables that follow have got. By the new name a process of the
-- release before, which would look for persons elsewhere, can write no more.
ALTER TABLE swept RENAME TO progress;
ALTER TABLE progress RENAME COLUMN batch TO places; -- the batch that every row of places has counted
ALTER TABLE progress ADD COLUMN filed INTEGER NOT NULL DEFAULT 0;    -- persons has the bookings up to this one
ALTER TABLE progress ADD COLUMN goal INTEGER NOT NULL DEFAULT 0;     -- and of those up to this one
ALTER TABLE progress ADD COLUMN next_tag INTEGER NOT NULL DEFAULT 0; -- the ones with smaller tags

-- +goose Down
CREATE UNIQUE INDEX bookings_person ON bookings (person, replaced);
DROP TABLE persons;
ALTER TABLE progress DROP COLUMN filed;
ALTER TABLE progress DROP COLUMN goal;
ALTER TABLE progress DROP COLUMN next_tag;
ALTER TABLE progress RENAME COLUMN places TO batch;
ALTER TABLE progress RENAME TO swept;
