-- read_game
-- A game's whole history.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where game_id = $1
order by version
