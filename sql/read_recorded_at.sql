-- read_recorded_at
-- The event that made a game's version, whoever recorded it.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where game_id = $1 and version = $2
