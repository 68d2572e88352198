-- Webhooks: whom activities of a view are sent to, and how far that has come. `view` is the folded key of the view, `cursor` the
-- place up to which everything was taken, `batch_to` the end of the batch that is being tried: a batch that is tried again is
-- the same one, whatever has come since.
create table webhooks (
    id integer primary key,
    workspace_id integer not null,
    key text not null,
    folded text not null,
    url text not null,
    view text not null,
    event text,
    enabled integer not null,
    secret text not null,
    secret_before text,
    secret_before_until integer,
    created_at integer not null,
    cursor integer not null,
    batch_to integer,
    attempts integer not null default 0,
    tried_at integer,
    answered integer,
    fault text,
    next_at integer,
    ended integer not null default 0,
    unique (workspace_id, folded)
);
-- For what keeps a view from being deleted.
create index webhooks_view on webhooks (workspace_id, view);
