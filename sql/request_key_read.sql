-- request_key_read
select body_digest, player_id, game_id, extract(epoch from now() - at)::float8 as age_seconds
from request_key
where scope = $1 and at >= now() - interval '24 hours'
