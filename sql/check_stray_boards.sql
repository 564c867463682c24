-- check_stray_boards
-- Boards of games that have no event, and quarantined games that have none.
select b.game_id
from board b
where b.generation = $1 and not exists (select from event e where e.game_id = b.game_id)
union
select q.game_id
from quarantine q
where q.generation = $1 and not exists (select from event e where e.game_id = q.game_id)
limit $2
