-- +goose Up
-- Under what the table of persons has a booking; NULL where who wrote it did not say.
ALTER TABLE bookings ADD COLUMN tag INTEGER;

-- What keeps anybody from holding a dose twice: one latest booking a person. An index
-- would say as much, and write a page for each booking. Where the tag is not told, all
-- bookings are looked through. What the table of persons does not have yet, a batch
-- has been compared with in memory; nobody else knows the tag.
-- +goose StatementBegin
CREATE TRIGGER bookings_person BEFORE INSERT ON bookings BEGIN
  SELECT RAISE(ROLLBACK, 'the person has a booking') FROM persons AS p CROSS JOIN bookings AS b ON b.serial = p.serial
    WHERE p.tag = NEW.tag AND b.person = NEW.person AND b.replaced = NEW.replaced;
  SELECT RAISE(ROLLBACK, 'the person has a booking') FROM bookings AS b
    WHERE NEW.tag IS NULL AND b.person = NEW.person AND b.replaced = NEW.replaced;
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER bookings_person_later BEFORE UPDATE OF person, replaced ON bookings
WHEN NEW.person <> OLD.person OR NEW.replaced <> OLD.replaced AND NEW.replaced = 0 BEGIN
  SELECT RAISE(ROLLBACK, 'the person has a booking') WHERE EXISTS (
    SELECT 1 FROM bookings AS b WHERE b.person = NEW.person AND b.replaced = NEW.replaced AND b.serial <> NEW.serial);
END;
-- +goose StatementEnd

-- A process of the release before, which would have all bookings looked through for
-- each of its own, does not know the new name and writes no more.
ALTER TABLE progress RENAME COLUMN goal TO filing;

-- +goose Down
ALTER TABLE progress RENAME COLUMN filing TO goal;
DROP TRIGGER bookings_person_later;
DROP TRIGGER bookings_person;
ALTER TABLE bookings DROP COLUMN tag;
