-- players_leaving
-- Players whose deletion began over a minute ago and is not done: nobody has repeated the call. In
-- order of the time that it began ($2) and the id ($3), after those two.
select player_id, deleted_at
from player
where deleted_at < now() - interval '1 minute'
  and (deleted_at, player_id) > ($2::timestamptz, $3::uuid)
order by deleted_at, player_id
limit $1
