-- Who has changed what. A row names a thing by kind and number and the fields that changed, never what stood in them, so that
-- erasing a person leaves it as it is. Rows are added in the transaction of the change, and nobody changes them.
create table audit (
    id integer primary key,
    workspace_id integer not null,
    at integer not null,
    actor text not null,
    actor_number integer,
    action text not null,
    kind text not null,
    number integer not null,
    fields text not null
);
-- For the newest of a workspace.
create index audit_workspace on audit (workspace_id, id);
