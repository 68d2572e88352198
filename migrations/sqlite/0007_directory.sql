-- A thing that is deleted keeps its number and folded key, so that filters by key go on to find what names it; all else of it
-- goes but its name, which counts of such activities still tell.
-- `words` is what a search looks in: folded key, name, company and email. Null is the folded key alone: what an activity made.
alter table events add column deleted integer not null default 0;
alter table events add column words text;
alter table partners add column deleted integer not null default 0;
alter table partners add column words text;
alter table messages add column deleted integer not null default 0;
alter table messages add column words text;
alter table campaigns add column deleted integer not null default 0;
alter table campaigns add column words text;

-- The partners of an event are counted as all but these.
create index partners_deleted on partners (event_id) where deleted = 1;

-- Tables whose `words` are not all filled in: the database does not fold, so this is done when it is next opened.
create table unfolded (name text primary key) without rowid;
insert into unfolded (name) values ('events'), ('partners'), ('messages'), ('campaigns');
