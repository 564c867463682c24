-- The event log: what happened, in commit order. Everything else about games is derived from it.
create table event (
    position bigint not null,
    game_id uuid not null,
    version integer not null check (version >= 1),
    stage text not null,
    variant text not null,
    rules smallint not null,
    type text not null,
    schema smallint not null,
    data jsonb not null,
    actor uuid not null,
    at timestamptz not null,
    primary key (game_id, version),
    unique (position)
);

-- Drawn under the append lock, so that positions are in commit order; holes are harmless.
create sequence event_position as bigint;

-- One row. The epoch names this course of history: a restored log gets another one.
create table log (
    one boolean primary key default true check (one),
    epoch uuid not null
);

insert into log (epoch) values (gen_random_uuid());

-- Who is behind a player token. Deleting a row ends the token and leaves every game replayable.
create table player (
    player_id uuid primary key,
    name text,
    created_at timestamptz not null default now()
);

-- What an Idempotency-Key reserved, written before the event that it is for.
create table request_key (
    scope bytea primary key,
    body_digest bytea not null,
    player_id uuid not null,
    game_id uuid,
    invite text,
    at timestamptz not null default now()
);

create index request_key_at on request_key (at);

-- Whoever holds the code may take the open seat.
create table invite (
    code text primary key,
    stage text not null,
    game_id uuid not null,
    at timestamptz not null default now()
);

create index invite_game on invite (game_id);

-- One row: the oldest schema number whose binaries may still use this database.
create table schema_support (
    one boolean primary key default true check (one),
    oldest integer not null
);

insert into schema_support (oldest) values (1);
