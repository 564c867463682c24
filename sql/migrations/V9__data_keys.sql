-- The keys under which the seeds of games of chance are sealed. A key lies here once for each secret
-- that may open it, wrapped under that secret, so that a new secret needs no change of the log.
create table data_key (
    id bigint generated always as identity primary key,
    key integer not null,
    wrapped bytea not null
);
