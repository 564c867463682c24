-- check_games
-- The games after one, by their ids; where they are given, only those of a stage or a variant.
select game_id
from event
where game_id > $1
  and ($2::text is null or stage = $2)
  and ($3::text is null or variant = $3)
group by game_id
order by game_id
limit $4
