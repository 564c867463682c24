-- projection_swap
-- The filled generation becomes the live one, if it has come as far.
with next as (
    delete from projection n
    using projection live
    where n.name = 'games-next' and n.generation = $1
      and live.name = 'games' and n.position >= live.position
    returning n.generation, n.position
)
update projection live
set generation = next.generation, position = next.position, updated_at = now()
from next
where live.name = 'games'
returning live.generation
