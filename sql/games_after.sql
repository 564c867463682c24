-- games_after
-- The games of a stage that have events after a position, newest change first.
select game_id
from event
where position > $1 and stage = $2
group by game_id
order by max(position) desc
limit $3
