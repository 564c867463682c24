-- player_games_unfinished
-- A player's unfinished games on all stages, in order of their ids, after the game $2.
select m.game_id
from projection p
join my_game m on m.generation = p.generation
where p.name = 'games'
  and m.player_id = $1
  and m.status <> 'finished'
  and m.game_id > $2
order by m.game_id
limit $3
