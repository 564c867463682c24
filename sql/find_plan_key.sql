-- find_plan_key
select k.id, k.name, p.created_at
from usage_plan_key p join api_key k on k.id = p.key_id
where p.plan_id = $1 and p.key_id = $2
