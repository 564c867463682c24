-- touch_keys
-- When these keys were last used. One that is being changed is left for the next time.
update api_key k set last_used_at = greatest(k.last_used_at, used.at)
from (
    select k.id, max(g.at) as at
    from unnest($1::text[], $2::timestamptz[]) as g (id, at)
    join (select id from api_key where id = any($1::text[]) order by id for update skip locked) as k
        on k.id = g.id
    group by k.id
) as used
where k.id = used.id
