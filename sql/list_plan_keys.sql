-- list_plan_keys
select k.id, k.name, p.created_at
from usage_plan_key p join api_key k on k.id = p.key_id
where p.plan_id = $1
  and ($2::text is null or k.name like $2)
  and ($3::timestamptz is null or (p.created_at, k.id) < ($3, $4::text))
order by p.created_at desc, k.id desc
limit $5
