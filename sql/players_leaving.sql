-- players_leaving
-- Players whose deletion began over a minute ago and is not done: nobody has repeated the call.
select player_id
from player
where deleted_at < now() - interval '1 minute'
order by deleted_at
limit $1
