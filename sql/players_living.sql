-- players_living
-- Those of the given players who have not deleted their account, nor begun to.
select player_id
from player
where player_id = any($1) and deleted_at is null
