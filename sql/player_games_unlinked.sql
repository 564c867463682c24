-- player_games_unlinked
-- A player's finished games that name no rematch, each with the time of its last event, which ended
-- it. In order of their ids, after the game $2.
select m.game_id, e.at
from projection p
join my_game m on m.generation = p.generation
join event e on e.position = m.position and e.type <> 'rematch_created'
where p.name = 'games'
  and m.player_id = $1
  and m.status = 'finished'
  and m.game_id > $2
order by m.game_id
limit $3
