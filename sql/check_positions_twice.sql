-- check_positions_twice
-- Positions that more than one event has.
select min(game_id::text)::uuid, position
from event
group by position
having count(*) > 1
order by position
limit $1
