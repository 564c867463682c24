-- quota_state
-- What remains of a key's quota now; no row where its plan has none.
select p.quota_limit - coalesce(q.used, 0) as remaining, p.quota_limit,
    quota_period_end(p.quota_period, p.quota_offset, now()) as period_end
from usage_plan p
left join quota_usage q on q.plan_id = p.id and q.key_id = $2
    and q.period_start = quota_period_start(p.quota_period, p.quota_offset, now())
where p.id = $1 and p.quota_limit is not null
