-- Revocations are numbered, not timed: whoever has seen up to a number asks for what came after it, whatever a clock does.
alter table credentials add column revocation integer;
update credentials set revocation = 1 where revoked_at is not null;
drop index credentials_revoked;
-- For what open streams are checked against, each second, and for the next number.
create index credentials_revocation on credentials (revocation) where revocation is not null;

-- The first of the chain that a credential was made from, unless it is that itself.
alter table credentials add column root integer;
update credentials set root = (select coalesce(p.parent, p.id) from credentials p where p.id = credentials.parent)
    where parent is not null;

-- Activities a second; none is the rate of the configuration.
alter table credentials add column rate_per_s integer;

-- What a used ticket has opened (SHA-256 of path and query), and until when it opens that again.
alter table credentials add column opened blob;
alter table credentials add column resumable_until integer;

-- When nobody needs the row any more; none is kept.
alter table credentials add column ends_at integer;
update credentials set ends_at = coalesce(taken_at, revoked_at, expires_at) where kind <> 'key';
-- For the sweep.
create index credentials_ends on credentials (ends_at) where ends_at is not null;
