-- People who sign in by themselves. One is an email on this server, with a role in each workspace that it is a member of.
create table people (
    id integer primary key autoincrement,
    email text not null,
    folded text not null unique,
    name text not null default '',
    language text,
    -- Argon2id, as a PHC string; null while none was chosen.
    password text,
    -- Secret of the second factor, its last used step, and hashes of the recovery codes that are left, a line each.
    second blob,
    second_used integer,
    recovery text,
    -- The workspace that was used last.
    workspace_id integer,
    created_at integer not null
);

-- Who is a member of what. One who was removed is kept for the names in the audit.
create table members (
    id integer primary key autoincrement,
    workspace_id integer not null,
    person integer not null references people (id),
    role text not null,
    -- Keys of the events that exist for them, a line each; null is all.
    events text,
    created_at integer not null,
    joined_at integer,
    used_at integer,
    removed_at integer
);
create unique index members_person on members (workspace_id, person) where removed_at is null;
create index members_of on members (person) where removed_at is null;

-- Of a session, an invitation or a reset: the member. What a session may do is what its member may at the time.
alter table credentials add column member integer references members (id);
-- Of a session: the browser and its platform, for people.
alter table credentials add column place text;
-- Of a key: the role of the member who made it, beyond which it does not reach.
alter table credentials add column held text;
create index credentials_member on credentials (member) where member is not null;
