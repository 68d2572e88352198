-- How many activities have each combination of the columns that filters and facets use, as far as it was saved. This row
-- names the generation of parts that counts; parts of any other are left over from a save that did not end.
create table tallies (
    workspace_id integer primary key,
    generation integer not null,
    -- Folded up to here.
    seq integer not null,
    -- How many there are, for people who look.
    combinations integer not null,
    -- SHA-256 of all parts, laid end to end.
    digest blob not null
);

create table tally_parts (
    workspace_id integer not null,
    generation integer not null,
    part integer not null,
    body blob not null,
    unique (workspace_id, generation, part)
);
