-- archive_candidates
-- Finished games after one, by id, in which nothing has happened since a time.
select b.game_id
from projection p
join board b on b.generation = p.generation
where p.name = 'games'
  and b.game_id > $1
  and b.status = 'finished'
  and b.updated_at < $2
  and ($3::text is null or b.stage = $3)
order by b.game_id
limit $4
