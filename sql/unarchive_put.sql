-- unarchive_put
-- Puts the events of archived games ($1, lines of an archive) back where they were. What is not
-- returned met another event at its position.
with given as (
    select (kept.line ->> 'gameId')::uuid as game_id, e.*
    from (select line::jsonb from unnest($1::text[]) as l (line)) as kept
    cross join lateral jsonb_to_recordset(kept.line -> 'events') as e (
        position bigint, version integer, stage text, variant text, rules smallint, type text,
        schema smallint, data jsonb, actor uuid, at timestamptz
    )
)
insert into event
    (position, game_id, version, stage, variant, rules, type, schema, data, actor, at)
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from given
on conflict do nothing
returning game_id, version
