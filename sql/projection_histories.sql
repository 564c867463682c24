-- projection_histories
-- The histories of the named games as they were when the log had come to a position.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where game_id = any ($1) and position <= $2
order by game_id, version
