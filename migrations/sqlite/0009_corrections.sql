-- The seq of the entry that last amended or erased an activity; null when none did.
alter table entries add column corrected integer;

-- What tallies that count an activity already must subtract and add for a correction, in numbers alone; `after` is null when
-- it was erased. A row is deleted once saved tallies have taken it.
create table corrections (
    -- Of the entry that corrects.
    place integer primary key,
    -- The seq of the activity.
    target integer not null,
    before blob not null,
    after blob
);
-- Rows of it up to this seq may be deleted.
alter table tallies add column corrected integer not null default 0;
