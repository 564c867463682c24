-- ensure_quota_usage
-- Begins a period for keys that have not called in it yet.
insert into quota_usage (plan_id, key_id, period_start, used)
select g.plan_id, g.key_id, g.period_start, 0
from unnest($1::text[], $2::text[], $3::timestamptz[]) as g (plan_id, key_id, period_start)
join usage_plan p on p.id = g.plan_id
join api_key k on k.id = g.key_id
order by g.plan_id, g.key_id
on conflict do nothing
