-- read_games
-- The whole histories of some games.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where game_id = any($1)
order by game_id, version
