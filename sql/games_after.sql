-- games_after
-- The games of a stage that have events after a position, newest change first. However far behind
-- the position is, no more than the newest events are looked at.
select game_id
from (
    select game_id, stage, position
    from event
    where position > $1
    order by position desc
    limit 50000
) as newest
where stage = $2
group by game_id
order by max(position) desc
limit $3
