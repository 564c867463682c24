-- list_keys
select id, name, description, customer_id, enabled, tags,
       created_at, updated_at, expires_at, last_used_at
from api_key k
where ($1::text is null or name like $1)
  and ($2::text is null or customer_id = $2)
  and ($3::text is null
       or exists (select from usage_plan_key u where u.plan_id = $3 and u.key_id = k.id))
  and ($4::timestamptz is null or (created_at, id) < ($4, $5::text))
order by created_at desc, id desc
limit $6
