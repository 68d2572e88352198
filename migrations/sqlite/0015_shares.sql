-- What a credential is confined to: of a share, and of the sessions and tickets that are made from it. `view` is the folded key
-- of the one view that it reads, `partner` the folded key of the one partner of its event that it shows.
alter table credentials add column view text;
alter table credentials add column mask text;
alter table credentials add column exports integer not null default 0;
alter table credentials add column partner text;
-- When it was last used, to the minute.
alter table credentials add column used_at integer;

-- For the list of shares, and for what keeps a view from being deleted.
create index credentials_shares on credentials (workspace_id, view) where kind = 'share';
