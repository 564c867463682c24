-- archive_games
-- The whole histories of some games, each event also as the line of text that is kept of it.
select e.position, e.game_id, e.version, e.stage, e.variant, e.rules, e.type, e.schema, e.data,
       e.actor, e.at,
       row_to_json(kept)::text as line
from event e
cross join lateral (
    select e.position, e.version, e.stage, e.variant, e.rules, e.type, e.schema, e.data, e.actor,
           to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
) as kept
where e.game_id = any ($1)
order by e.game_id, e.version
