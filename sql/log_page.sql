-- log_page
-- The events after a position, in order.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where position > $1
order by position
limit $2
