-- give_back_quota
-- What was taken and not spent, unless an operator has set what remains since.
with locked as materialized (
    select q.plan_id, q.key_id, q.period_start, g.unspent
    from unnest($1::text[], $2::text[], $3::timestamptz[], $4::integer[], $5::bigint[])
        as g (plan_id, key_id, period_start, epoch, unspent)
    join quota_usage q using (plan_id, key_id, period_start, epoch)
    order by q.plan_id, q.key_id
    for update of q
)
update quota_usage q
set used = q.used - l.unspent
from locked l
where q.plan_id = l.plan_id and q.key_id = l.key_id and q.period_start = l.period_start
