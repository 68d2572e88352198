-- Lists that were imported, so that each can be taken back.
create table imports (
    id integer primary key autoincrement,
    workspace_id integer not null,
    -- Key of the event.
    event text not null,
    at integer not null,
    actor text not null,
    actor_number integer,
    tag text not null,
    -- What its columns were, by title, as JSON.
    mapping text not null,
    made integer not null,
    changed integer not null,
    same integer not null,
    -- 0 under way, 1 done, 2 taken back.
    state integer not null default 0
);
create index imports_event on imports (workspace_id, event, id);

-- What an import did to each partner: as it was, if it was there, and as it became, as JSON. Kept for a month.
create table import_rows (
    import integer not null references imports (id) on delete cascade,
    key text not null,
    was text,
    became text not null,
    primary key (import, key)
) without rowid;
