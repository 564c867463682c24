-- What the projector derives from the log. Rows belong to a generation, so that a rebuild fills a
-- new one beside the live one; `projection` says which is live and how far each has come.
create table projection (
    name text primary key,
    generation integer not null,
    position bigint not null,
    updated_at timestamptz not null default now()
);

insert into projection (name, generation, position) values ('games', 1, 0);

-- The current board of every game.
create table board (
    generation integer not null,
    game_id uuid not null,
    stage text not null,
    variant text not null,
    rules smallint not null,
    version integer not null,
    status text not null,
    turn text,
    board jsonb not null,
    seats jsonb not null,
    result jsonb,
    position bigint not null,
    created_at timestamptz not null,
    updated_at timestamptz not null,
    primary key (generation, game_id)
);

-- Every player's games.
create table my_game (
    generation integer not null,
    player_id uuid not null,
    game_id uuid not null,
    stage text not null,
    status text not null,
    my_turn boolean not null,
    position bigint not null,
    updated_at timestamptz not null,
    primary key (generation, player_id, game_id)
);

create index my_game_order on my_game (generation, player_id, stage, my_turn, position);

-- Games that could not be folded, with the reason; the others go on without them.
create table quarantine (
    generation integer not null,
    game_id uuid not null,
    error text not null,
    at timestamptz not null default now(),
    primary key (generation, game_id)
);
