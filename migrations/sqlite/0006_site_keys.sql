-- The origins whose pages may collect with a site key, as a JSON array; null of every other kind.
alter table credentials add column origins text;

-- The same by origin, for the question that a browser asks before it sends: kept by the two triggers alone.
create table site_origins (
    origin text not null,
    credential integer not null,
    primary key (origin, credential)
) without rowid;
create trigger site_origins_begin after insert on credentials when new.origins is not null begin
    insert or ignore into site_origins (origin, credential) select value, new.id from json_each(new.origins);
end;
create trigger site_origins_end after delete on credentials when old.origins is not null begin
    delete from site_origins where credential = old.id and origin in (select value from json_each(old.origins));
end;

-- For the list of keys, site keys among them.
drop index credentials_keys;
create index credentials_keys on credentials (workspace_id) where kind in ('key', 'site');
