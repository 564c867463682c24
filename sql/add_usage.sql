-- add_usage
-- Calls that passed since the last time, as of today. $4 are those among them that no quota was
-- asked for; where the plan has one by now, they count in it. Edits wait meanwhile
-- (share_quota_locks): an edit counts what is written before it, and finds no row half written.
with plan as materialized (
    select p.id,
        quota_period_start(p.quota_period, p.quota_offset, statement_timestamp()) as period_start
    from usage_plan p
    where p.id = any ($1::text[])
),
given as materialized (
    select g.plan_id, g.key_id, g.calls, g.unmetered, p.period_start
    from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
        as g (plan_id, key_id, calls, unmetered)
    join plan p on p.id = g.plan_id
    join api_key k on k.id = g.key_id
),
late as (
    insert into quota_usage as q (plan_id, key_id, period_start, used)
    select g.plan_id, g.key_id, g.period_start, g.unmetered
    from given g
    where g.period_start is not null and g.unmetered > 0
    order by g.plan_id, g.key_id
    on conflict (plan_id, key_id, period_start) do update set used = q.used + excluded.used
)
insert into usage_day as u (plan_id, key_id, day, used)
select g.plan_id, g.key_id, (statement_timestamp() at time zone 'UTC')::date, g.calls
from given g
order by g.plan_id, g.key_id
on conflict (plan_id, key_id, day) do update set used = u.used + excluded.used
