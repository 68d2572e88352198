-- Walls: what hangs in a hall. `body` is all of it but its name, as JSON.
create table walls (
    id integer primary key,
    workspace_id integer not null,
    key text not null,
    folded text not null,
    name text not null,
    words text,
    body text not null default '{}',
    deleted integer not null default 0,
    unique (workspace_id, folded)
);

-- Of a screen: folded key of the wall that it shows. What it may read is what the wall says at the time.
alter table credentials add column wall text;

-- For the list of screens, and for what keeps a wall from being deleted.
create index credentials_screens on credentials (workspace_id, wall) where kind = 'screen';
