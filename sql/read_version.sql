-- read_version
-- How many events a game has, and the position of the last; no row where it has none.
select version, position
from event
where game_id = $1
order by version desc
limit 1
