-- How long activities are kept, in days from their recording. `flavor` '' is everything; no row is for ever.
create table retention (
    workspace_id integer not null,
    flavor text not null,
    days integer not null,
    primary key (workspace_id, flavor)
) without rowid;
