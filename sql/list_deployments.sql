-- list_deployments
select id, description, methods, rules, created_at
from deployment
where $1::timestamptz is null or (created_at, id) < ($1, $2::text)
order by created_at desc, id desc
limit $3
