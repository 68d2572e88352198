-- What tallies that count pruned activities must subtract: how many of each kind one step took away, in numbers alone. A row is
-- deleted once saved tallies have taken it, or when there are too many: then the log is folded anew.
create table pruned_shares (
    -- Of the last entry that the step took away.
    place integer primary key,
    -- The seq of the first.
    first integer not null,
    shares blob not null
);
