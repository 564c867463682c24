-- reserve
-- Writes, before a game's event, everything that is not in events: the idempotency key ($1, null
-- where there is none), the invite ($6, null where there is none) and the new player ($8) or the
-- player's new name. All or nothing: nothing where the key holds already, and a code that is
-- taken fails the statement.
with kept as (
    insert into request_key as k (scope, body_digest, player_id, game_id, invite)
    select $1::bytea, $2::bytea, $3::uuid, $4::uuid, $6::text
    where $1::bytea is not null
    on conflict (scope) do update
    set body_digest = excluded.body_digest, player_id = excluded.player_id,
        game_id = excluded.game_id, invite = excluded.invite, at = now()
    where k.at < now() - interval '24 hours'
    returning scope
),
granted as (
    select true as yes
    where $1::bytea is null or exists (select from kept)
),
code as (
    insert into invite (code, stage, game_id)
    select $6::text, $5::text, $4::uuid from granted where $6::text is not null
),
made as (
    insert into player (player_id, name)
    select $3::uuid, $7::text from granted where $8::boolean
),
renamed as (
    update player set name = $7::text
    from granted
    where player_id = $3::uuid and not $8::boolean and $7::text is not null
      and deleted_at is null
)
select yes from granted
