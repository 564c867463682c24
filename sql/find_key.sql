-- find_key
select id, name, description, customer_id, enabled, tags,
       created_at, updated_at, expires_at, last_used_at
from api_key
where id = $1
