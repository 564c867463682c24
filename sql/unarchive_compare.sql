-- unarchive_compare
-- How many events each archived game ($1, lines of an archive) has in the archive, how many of them
-- are in the log as they are there, and how many events it has in the log.
with given as (
    select (kept.line ->> 'gameId')::uuid as game_id, e.*
    from (select line::jsonb from unnest($1::text[]) as l (line)) as kept
    cross join lateral jsonb_to_recordset(kept.line -> 'events') as e (
        position bigint, version integer, stage text, variant text, rules smallint, type text,
        schema smallint, data jsonb, actor uuid, at timestamptz
    )
)
select g.game_id, count(*)::integer as archived,
       count(*) filter (where (e.position, e.stage, e.variant, e.rules, e.type, e.schema,
                               e.data::text, e.actor, e.at)
                            = (g.position, g.stage, g.variant, g.rules, g.type, g.schema,
                               g.data::text, g.actor, g.at))::integer as equal,
       (select count(*) from event there where there.game_id = g.game_id)::integer as there
from given g
left join event e on e.game_id = g.game_id and e.version = g.version
group by g.game_id
