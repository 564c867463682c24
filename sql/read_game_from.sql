-- read_game_from
-- A game's events after a version, in order.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where game_id = $1 and version > $2
order by version
limit $3
