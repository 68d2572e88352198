-- Channels: ways to tell somebody. `body` is all of one but its name, as JSON.
create table channels (
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

-- Alerts: what is asked of them. `body` is all of one but its name, as JSON.
create table alerts (
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

-- What a channel signs with. It stands apart, so that whoever reads a channel reads no secret.
create table channel_secrets (
    workspace_id integer not null,
    channel text not null,
    secret text not null,
    primary key (workspace_id, channel)
) without rowid;

-- How far the log of a workspace was judged, and whether all of its alerts are mute.
create table alert_cursors (
    workspace_id integer primary key,
    seq integer not null,
    mute text
);

-- How each alert stands, as JSON, by its number.
create table alert_states (
    alert integer primary key,
    workspace_id integer not null,
    body text not null
);

-- What became of each alert, and when.
create table alert_lines (
    id text primary key,
    alert integer not null,
    at integer not null,
    turned text not null,
    by text,
    body text not null
) without rowid;
create index alert_lines_of on alert_lines (alert, at);

-- What is told of a line by a channel, and how that goes.
create table alert_notices (
    line text not null,
    channel text not null,
    workspace_id integer not null,
    alert integer not null,
    body text not null,
    attempts integer not null default 0,
    tried_at integer,
    done integer not null default 0,
    fault text,
    primary key (line, channel)
) without rowid;
create index alert_notices_waiting on alert_notices (workspace_id) where done = 0;
