-- append_events
-- Records each given event whose game still ends where the writer's copy of it ended.
-- The lock comes first and every position is drawn over it, so positions are in commit order and
-- whoever reads `position > last` misses no late commit. A row that is not returned lost the race.
with lock as materialized (
    select pg_advisory_xact_lock(7307188371253121)
),
given as (
    select *
    from unnest(
        $1::uuid[], $2::integer[], $3::bigint[], $4::text[], $5::text[], $6::smallint[],
        $7::text[], $8::smallint[], $9::jsonb[], $10::uuid[], $11::timestamptz[]
    ) as g (game_id, version, after_position, stage, variant, rules,
            type, schema, data, actor, at)
)
insert into event
    (position, game_id, version, stage, variant, rules, type, schema, data, actor, at)
select
    nextval('event_position'), g.game_id, g.version, g.stage, g.variant, g.rules,
    g.type, g.schema, g.data, g.actor, g.at
from lock, given g
where g.version = 1
   or exists (
        select from event e
        where e.game_id = g.game_id
          and e.version = g.version - 1
          and e.position = g.after_position
   )
on conflict do nothing
returning game_id, version, position
