-- check_stray_invites
-- Invites to games of another stage, and invites without a game that no sweep has taken although
-- they are older than any reservation.
select i.game_id, i.stage, e.stage
from invite i
left join event e on e.game_id = i.game_id and e.version = 1
where e.stage <> i.stage or (e.stage is null and i.at < now() - interval '25 hours')
limit $1
