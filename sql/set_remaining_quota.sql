-- set_remaining_quota
-- An operator says what remains; no row where the plan has no quota.
insert into quota_usage as q (plan_id, key_id, period_start, used, adjusted)
select p.id, $2, quota_period_start(p.quota_period, p.quota_offset, now()),
    p.quota_limit - $3, p.quota_limit - $3
from usage_plan p
where p.id = $1 and p.quota_limit is not null
on conflict (plan_id, key_id, period_start)
do update set used = excluded.used, adjusted = q.adjusted + excluded.used - q.used,
    epoch = q.epoch + 1
returning used
