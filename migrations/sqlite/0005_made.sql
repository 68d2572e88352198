-- Things that activities made on first sight, which the quota of a workspace counts. Of what is there already nobody has kept
-- how it was made: what is named by its key counts.
alter table workspaces add column made integer not null default 0;
update workspaces set made =
    (select count(*) from events where workspace_id = workspaces.id and name = key)
    + (select count(*) from partners where workspace_id = workspaces.id and name = key)
    + (select count(*) from messages where workspace_id = workspaces.id and name = key)
    + (select count(*) from campaigns where workspace_id = workspaces.id and name = key)
    + (select count(*) from flavors where workspace_id = workspaces.id);
