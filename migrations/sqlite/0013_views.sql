-- Views: a filter set with a name. `body` is all of it but that, as JSON.
create table views (
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

-- The standard set, for workspaces that are there already; those that are made later get the same by the program.
insert into views (workspace_id, key, folded, name, words, body)
    select id, 'all-activities', 'all-activities', 'All activities', 'all-activities' || char(10) || 'all activities', '{"event":null,"filter":{},"columns":[],"chart":null,"zone":null,"owner":null,"default":false}' from workspaces union all
    select id, 'all-opens', 'all-opens', 'All opens', 'all-opens' || char(10) || 'all opens', '{"event":null,"filter":{"flavor":["invite.email_opened","message.opened"]},"columns":[],"chart":null,"zone":null,"owner":null,"default":false}' from workspaces union all
    select id, 'all-registrations', 'all-registrations', 'All registrations', 'all-registrations' || char(10) || 'all registrations', '{"event":null,"filter":{"flavor":["registration.completed"]},"columns":[],"chart":null,"zone":null,"owner":null,"default":false}' from workspaces union all
    select id, 'all-shares', 'all-shares', 'All shares', 'all-shares' || char(10) || 'all shares', '{"event":null,"filter":{"flavor":["content.shared"]},"columns":[],"chart":null,"zone":null,"owner":null,"default":false}' from workspaces;
