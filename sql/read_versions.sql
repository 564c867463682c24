-- read_versions
-- How many events each of some games has, and the position of the last.
select g.game_id, e.version, e.position
from unnest($1::uuid[]) as g (game_id)
cross join lateral (
    select version, position
    from event
    where event.game_id = g.game_id
    order by version desc
    limit 1
) as e
