-- player_games_kept
-- Waiting rematches of a player's finished games, each with the finished game, in order of the
-- finished games' ids, after the finished game $2. In each of them a seat is kept for the player.
-- A rematch is the last event of a finished game, and `my_game` has that event's position.
select m.game_id, b.game_id as rematch
from projection p
join my_game m on m.generation = p.generation
join event e on e.position = m.position and e.type = 'rematch_created'
join board b on b.generation = p.generation and b.game_id = (e.data ->> 'gameId')::uuid
where p.name = 'games'
  and m.player_id = $1
  and m.status = 'finished'
  and m.game_id > $2
  and b.status = 'waiting'
order by m.game_id
limit $3
