-- usage_of_plan
-- Each day of each key, and what remained of the quota then: at the end of a day that is past, and
-- now of today. Keys that have left the plan or were deleted are listed where they called on one
-- of the days.
with days as not materialized (
    select key_id, day, used from usage_day where plan_id = $1
    union all
    select key_id, day, used from usage_of_deleted_key where plan_id = $1
),
here as (
    select k.key_id, p.quota_limit, p.quota_period, p.quota_offset
    from (
        select key_id from usage_plan_key where plan_id = $1
        union
        select key_id from days where day between $3::date and $4::date
    ) k
    join usage_plan p on p.id = $1
    where ($2::text is null or k.key_id = $2)
      and ($5::text is null or k.key_id > $5)
    order by k.key_id
    limit $6
)
select h.key_id, d.day::date as day, coalesce(u.used, 0) as used,
    h.quota_limit - case
        when d.day = date_trunc('day', now() at time zone 'UTC') and q.used is not null then q.used
        else (
            select coalesce(sum(s.used), 0)::bigint
            from days s
            where s.key_id = h.key_id and s.day <= d.day::date
              and s.day >= (quota_period_start(
                  h.quota_period, h.quota_offset, d.day at time zone 'UTC') at time zone 'UTC')::date
        )
    end as remaining
from here h
cross join generate_series($3::date::timestamp, $4::date::timestamp, interval '1 day') as d (day)
left join days u on u.key_id = h.key_id and u.day = d.day::date
left join quota_usage q on q.plan_id = $1 and q.key_id = h.key_id
    and q.period_start = quota_period_start(h.quota_period, h.quota_offset, now())
order by h.key_id, d.day
