-- check_events
-- The events of every game, game by game, after a version of a game.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where (game_id, version) > ($1, $2)
order by game_id, version
limit $3
