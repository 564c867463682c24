-- give_back_quota
-- What was taken and not spent, unless an operator has set what remains since. Where the plan's
-- clock was edited since, the period that took the count over gets it back too.
with locked as materialized (
    select q.plan_id, q.key_id, q.period_start, q.epoch, q.moved_to, g.unspent
    from unnest($1::text[], $2::text[], $3::timestamptz[], $4::integer[], $5::bigint[])
        as g (plan_id, key_id, period_start, epoch, unspent)
    join quota_usage q using (plan_id, key_id, period_start, epoch)
    order by q.plan_id, q.key_id
    for update of q
),
counts as (
    select plan_id, key_id, period_start, epoch, unspent from locked
    union all
    select plan_id, key_id, moved_to, epoch, unspent from locked where moved_to is not null
)
update quota_usage q
set used = q.used - c.unspent
from counts c
where q.plan_id = c.plan_id and q.key_id = c.key_id and q.period_start = c.period_start
    and q.epoch = c.epoch
