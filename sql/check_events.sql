-- check_events
-- The events of these games, game by game.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where game_id = any ($1)
order by game_id, version
