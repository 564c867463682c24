-- take_quota
-- Takes parts of quotas for one instance of $8, or finds that nothing remains. In the order of
-- their keys, so that instances do not deadlock. A row without `used` does not exist yet.
--
-- What a plan sets is read here, because the instance may know an older setting: what is taken
-- counts in the period that runs by the newest one. Edits wait meanwhile (share_quota_locks), and
-- the time is that of this statement, after it waited for them. Where the plan has no
-- quota any more, the instance's own setting holds until it learns of that.
with plan as materialized (
    select p.id, p.quota_limit, p.quota_period, p.quota_offset
    from usage_plan p
    where p.id = any ($1::text[])
),
given as materialized (
    select g.plan_id, g.key_id, g.pending, g.wanted, coalesce(p.quota_limit, g.most) as most,
        quota_period_start(c.period, c.start_day, statement_timestamp()) as period_start,
        quota_period_end(c.period, c.start_day, statement_timestamp()) as period_end
    from unnest(
        $1::text[], $2::text[], $3::bigint[], $4::text[], $5::integer[], $6::bigint[], $7::bigint[]
    ) as g (plan_id, key_id, most, period, start_day, pending, wanted)
    join plan p on p.id = g.plan_id
    cross join lateral (
        select coalesce(p.quota_period, g.period) as period,
            coalesce(p.quota_offset, g.start_day) as start_day
    ) as c
),
locked as materialized (
    select q.plan_id, q.key_id, q.used, q.epoch, q.leased_at, g.most, g.pending, g.wanted,
        q.period_start, g.most - q.used as remaining
    from given g
    join quota_usage q using (plan_id, key_id, period_start)
    order by q.plan_id, q.key_id
    for update of q
),
-- What waits is spent at once. Beyond that, a share that leaves enough for the other instances.
granted as materialized (
    select l.*, least(l.remaining, greatest(l.pending, case
        when l.remaining < 100 * $8::bigint then 0
        else least(l.remaining / (4 * $8::bigint), l.wanted)
    end)) as granted
    from locked l
    where l.remaining > 0
),
taken as (
    update quota_usage q
    set used = q.used + g.granted,
        leased_at = case when g.granted > g.pending then now() else q.leased_at end
    from granted g
    where q.plan_id = g.plan_id and q.key_id = g.key_id and q.period_start = g.period_start
        and g.granted > 0
    returning q.plan_id, q.key_id, q.used, g.granted
)
select g.plan_id, g.key_id, g.most, g.period_start, l.epoch,
    coalesce(t.granted, 0) as granted,
    coalesce(t.used, l.used) as used,
    extract(epoch from g.period_end - statement_timestamp())::double precision as seconds_left,
    coalesce(l.leased_at > now() - interval '4 seconds', false) as leased_lately
from given g
left join locked l using (plan_id, key_id)
left join taken t using (plan_id, key_id)
