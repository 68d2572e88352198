-- One row that is overwritten to prove that something can be made durable: readiness leaves nothing behind.
create table probe (
    id integer primary key check (id = 1),
    number integer not null
);
insert into probe (id, number) values (1, 0);
