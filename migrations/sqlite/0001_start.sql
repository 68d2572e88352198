-- Workspaces own everything. `seq` is the head of the log, raised inside the transaction that appends.
create table workspaces (
    id integer primary key,
    key text not null,
    folded text not null unique,
    name text not null,
    epoch integer not null,
    seq integer not null default 0,
    pruned integer not null default 0,
    recorded_at integer not null default 0
);

-- The log. `place` is workspace << 40 | seq, so one b-tree holds every workspace and a range of places is a range
-- of one log. `kind`: 0 activity, 1 membership, 2 amendment, 3 erasure. `traits`: actor | device << 4 | grade << 8.
-- Text columns are folded; `body` is the JSON that readers get, as bytes laid end to end.
create table entries (
    place integer primary key,
    kind integer not null,
    recorded_at integer not null,
    occurred_at integer,
    event_id integer,
    partner_id integer,
    message_id integer,
    campaign_id integer,
    flavor text,
    traits integer,
    platform text,
    browser text,
    source_host text,
    referrer_host text,
    id blob,
    search text,
    body text
);
-- For pages, counts and facets of few partners, by `partner` or through `message` and `tag`; the place comes with it.
create index entries_partner on entries (partner_id) where partner_id is not null;
-- For the barrier of a count and the membership changes of a page: entries that are no activities.
create index entries_barrier on entries (place) where kind <> 0;

-- Answers duplicates and finds one activity. Apart from the log so that it can outlive an erasure.
create table activity_ids (
    workspace_id integer not null,
    id blob not null,
    seq integer not null,
    recorded_at integer not null,
    content_hash blob not null,
    primary key (workspace_id, id)
) without rowid;

create table events (
    id integer primary key,
    workspace_id integer not null,
    key text not null,
    folded text not null,
    name text not null,
    unique (workspace_id, folded)
);

create table partners (
    id integer primary key,
    workspace_id integer not null,
    event_id integer not null,
    key text not null,
    folded text not null,
    name text not null,
    email text,
    company text,
    unique (event_id, folded)
);
-- For a bare key, which stands for every event of the workspace.
create index partners_key on partners (workspace_id, folded);

-- The name of a message is its subject.
create table messages (
    id integer primary key,
    workspace_id integer not null,
    event_id integer not null,
    key text not null,
    folded text not null,
    name text not null,
    unique (event_id, folded)
);
-- For a bare key, as above.
create index messages_key on messages (workspace_id, folded);

create table campaigns (
    id integer primary key,
    workspace_id integer not null,
    event_id integer not null,
    key text not null,
    folded text not null,
    name text not null,
    unique (event_id, folded)
);
-- For a bare key, as above.
create index campaigns_key on campaigns (workspace_id, folded);

create table partner_tags (
    partner_id integer not null,
    workspace_id integer not null,
    folded text not null,
    tag text not null,
    primary key (partner_id, folded)
) without rowid;
-- For the `tag` clause: the partners of a tag.
create index partner_tags_tag on partner_tags (workspace_id, folded);

-- `source`: 0 by hand, 1 observed. A removed one is kept: an activity seen later does not bring it back.
create table recipients (
    message_id integer not null,
    partner_id integer not null,
    source integer not null,
    removed integer not null,
    primary key (message_id, partner_id)
) without rowid;
-- For the memberships of one partner and the `message` facet.
create index recipients_partner on recipients (partner_id, removed);

-- Flavors that a workspace has met beyond the standard set.
create table flavors (
    workspace_id integer not null,
    flavor text not null,
    primary key (workspace_id, flavor)
) without rowid;

-- `taken_at`: when a one-time link or ticket was used. `revoked_at` is set on what was made from a credential, too.
create table credentials (
    id integer primary key,
    hash blob not null unique,
    kind text not null,
    workspace_id integer not null,
    scopes integer not null,
    event text,
    name text not null,
    parent integer,
    created_at integer not null,
    expires_at integer,
    taken_at integer,
    revoked_at integer
);
-- For `revoke`, which takes along whatever was made from a key.
create index credentials_parent on credentials (parent) where parent is not null;
-- For the list of keys.
create index credentials_keys on credentials (workspace_id) where kind = 'key';
-- For what streams are checked against, each second while keys change.
create index credentials_revoked on credentials (revoked_at) where revoked_at is not null;
