-- A hash that runs over the entries of a log tells it from every other history of it: cursors carry a few bytes of it.
-- `chain` is of the head, `chain_pruned` of where the log begins; both are null until a log of before is linked, which a server
-- does before it serves.
alter table workspaces add column chain blob;
alter table workspaces add column chain_pruned blob;
-- Of each entry: salt (16 bytes; zeros once it is erased), SHA-256 of salt and body as recorded, first 6 bytes of the chain.
alter table entries add column proof blob;
-- How far a log of before is linked.
create table chain_building (workspace_id integer primary key, seq integer not null, chain blob not null);
