-- add_usage
-- Calls that passed since the last time, as of today.
insert into usage_day as u (plan_id, key_id, day, used)
select g.plan_id, g.key_id, (now() at time zone 'UTC')::date, g.calls
from unnest($1::text[], $2::text[], $3::bigint[]) as g (plan_id, key_id, calls)
join usage_plan p on p.id = g.plan_id
join api_key k on k.id = g.key_id
order by g.plan_id, g.key_id
on conflict (plan_id, key_id, day) do update set used = u.used + excluded.used
