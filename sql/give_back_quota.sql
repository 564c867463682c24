-- give_back_quota
-- What was taken and not spent, unless an operator has set what remains since. Where the plan's
-- clock was edited since, the period that took the count over gets it back too. Shares of two
-- periods may come to one row, so they are summed. All rows are locked in the order of their keys,
-- so that instances do not deadlock. Edits wait meanwhile (share_quota_locks).
with given as (
    select q.plan_id, q.key_id, q.period_start, q.epoch, q.moved_to, g.unspent
    from unnest($1::text[], $2::text[], $3::timestamptz[], $4::integer[], $5::bigint[])
        as g (plan_id, key_id, period_start, epoch, unspent)
    join quota_usage q using (plan_id, key_id, period_start, epoch)
),
parts as (
    select plan_id, key_id, period_start, epoch, unspent from given
    union all
    select plan_id, key_id, moved_to, epoch, unspent from given where moved_to is not null
),
counts as (
    select plan_id, key_id, period_start, epoch, sum(unspent)::bigint as unspent
    from parts
    group by plan_id, key_id, period_start, epoch
),
locked as materialized (
    select q.plan_id, q.key_id, q.period_start, c.unspent
    from counts c
    join quota_usage q using (plan_id, key_id, period_start, epoch)
    order by q.plan_id, q.key_id, q.period_start
    for update of q
)
update quota_usage q
set used = q.used - l.unspent
from locked l
where q.plan_id = l.plan_id and q.key_id = l.key_id and q.period_start = l.period_start
