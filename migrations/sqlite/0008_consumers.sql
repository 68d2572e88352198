-- How far each consumer has worked through each log. `forgotten` counts the dead letters that made room for newer ones.
create table consumer_cursors (
    workspace_id integer not null,
    consumer text not null,
    seq integer not null,
    moved_at integer not null,
    forgotten integer not null default 0,
    primary key (workspace_id, consumer)
) without rowid;

-- What a consumer was brought past without having worked on it, and why.
create table dead_letters (
    workspace_id integer not null,
    consumer text not null,
    first integer not null,
    last integer not null,
    reason text not null,
    recorded_at integer not null,
    primary key (workspace_id, consumer, first)
) without rowid;
