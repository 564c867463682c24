-- players_read
-- The names of those of the given players who are not deleted.
select player_id, name
from player
where player_id = any($1)
