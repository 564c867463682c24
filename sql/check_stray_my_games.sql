-- check_stray_my_games
-- Players listed with games that have no event, or in which they do not sit.
select m.game_id, m.player_id
from my_game m
where m.generation = $1
  and (not exists (select from event e where e.game_id = m.game_id)
       or exists (
            select from board b
            where b.generation = m.generation and b.game_id = m.game_id
              and not exists (
                    select from jsonb_each_text(b.seats) as seat
                    where seat.value = m.player_id::text
              )
       ))
limit $2
