-- my_games_page
-- A player's games, those where it is their turn first, then by the newest change; after the
-- game that ended the page before ($4, $5), null on the first page.
select m.game_id, m.my_turn, m.position
from projection p
join my_game m on m.generation = p.generation
where p.name = 'games'
  and m.player_id = $1
  and m.stage = $2
  and ($3::text is null or m.status = $3)
  and ($4::boolean is null or (m.my_turn, m.position) < ($4, $5::bigint))
order by m.my_turn desc, m.position desc
limit $6
