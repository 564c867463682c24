-- touch_keys
-- These keys were used just now. One that is being changed is left for the next time.
update api_key k set last_used_at = now()
from (
    select id from api_key where id = any($1::text[]) order by id for update skip locked
) as used
where k.id = used.id
