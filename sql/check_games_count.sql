-- check_games_count
-- How many games there are; where they are given, only those of a stage or a variant.
select count(*)
from event
where version = 1
  and ($1::text is null or stage = $1)
  and ($2::text is null or variant = $2)
