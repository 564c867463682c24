-- my_games_unfinished
select m.game_id
from projection p
join my_game m on m.generation = p.generation
where p.name = 'games'
  and m.player_id = $1
  and m.stage = $2
  and m.status <> 'finished'
order by m.position desc
limit $3
