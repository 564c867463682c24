-- check_my_games
-- The rows of these players in these games.
select m.player_id, m.game_id, m.stage, m.status, m.my_turn, m.position, m.updated_at
from unnest($2::uuid[], $3::uuid[]) as g (player_id, game_id)
join my_game m
  on m.generation = $1 and m.player_id = g.player_id and m.game_id = g.game_id
