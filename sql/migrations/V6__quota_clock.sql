-- An edit of a quota's period or offset gives nothing away. The count of the new running period is
-- made of the daily counts and of what the period that ran until then holds beyond those.

-- What operators added to `used` by setting what remains; negative where they gave calls.
-- `used - adjusted` is what instances took.
alter table quota_usage add column adjusted bigint not null default 0;

-- The start of the period that took this count over. What instances give back of this period is
-- given back to that one too. It is `infinity` where the quota was removed from the plan.
alter table quota_usage add column moved_to timestamptz;

-- When the period ends, where the quota was removed from the plan.
alter table quota_usage add column ends_at timestamptz;

-- The advisory lock of a plan's quotas. Instances share it while they take, give back and count.
-- An edit of the clock holds it alone. It is no lock of the plan's row, because those who share a
-- row let later ones join past an edit that waits, for as long as calls keep coming.
create function quota_lock(plan_id text) returns bigint language sql immutable as $$
    select hashtextextended('quotas of ' || plan_id, 730718838)
$$;

-- Nobody takes any of the plan's quota while this runs.
create function quota_clock_changed() returns trigger language plpgsql as $$
declare
    at timestamptz;
    old_start timestamptz;
    new_start timestamptz;
begin
    perform pg_advisory_xact_lock(quota_lock(new.id));
    at := clock_timestamp();
    old_start := quota_period_start(old.quota_period, old.quota_offset, at);
    new_start := quota_period_start(new.quota_period, new.quota_offset, at);
    if new_start is null then
        update quota_usage set moved_to = 'infinity',
            ends_at = quota_period_end(old.quota_period, old.quota_offset, at)
        where plan_id = new.id and period_start = old_start;
        return null;
    end if;
    with running as (
        select q.key_id, q.epoch,
            -- What an operator took ends with the period in which they took it.
            case when old_start is not null or q.ends_at > at then greatest(q.adjusted, 0)
                else 0 end as adjusted,
            -- Taken, and not written down yet or not spent yet.
            greatest(0, q.used - q.adjusted - (
                select coalesce(sum(d.used), 0)
                from usage_day d
                where d.plan_id = q.plan_id and d.key_id = q.key_id
                  and d.day >= (q.period_start at time zone 'UTC')::date
            )) as unwritten
        from quota_usage q
        -- Of a quota that was removed: what may still run, since no period is longer.
        where q.plan_id = new.id and (q.period_start = old_start or (old_start is null
            and q.moved_to = 'infinity' and q.period_start > at - interval '31 days'))
    ),
    moved as (
        select key_id, sum(unwritten) as unwritten, max(adjusted) as adjusted, max(epoch) as epoch
        from running
        group by key_id
    ),
    written as (
        select key_id, sum(used) as calls
        from usage_day
        where plan_id = new.id and day >= (new_start at time zone 'UTC')::date
        group by key_id
    ),
    counted as (
        select key_id, coalesce(w.calls, 0) + coalesce(m.unwritten, 0) as taken,
            coalesce(m.adjusted, 0) as adjusted, coalesce(m.epoch, 0) as epoch
        from written w
        full join moved m using (key_id)
    )
    insert into quota_usage as q (plan_id, key_id, period_start, used, adjusted, epoch)
    select new.id, key_id, new_start, taken + adjusted, adjusted, epoch
    from counted
    order by key_id
    -- This period was counted before, until another edit: the greater count is the strict one.
    on conflict (plan_id, key_id, period_start) do update
    set used = greatest(q.used, excluded.used),
        adjusted = greatest(q.used, excluded.used) - (excluded.used - excluded.adjusted),
        epoch = greatest(q.epoch, excluded.epoch),
        moved_to = null;
    -- Also the periods that an edit before this one has ended: instances may still hold some of
    -- them, and the count that took them over is no longer the running one.
    update quota_usage q set moved_to = new_start
    where q.plan_id = new.id and q.period_start <> new_start
      and (q.period_start = old_start or q.moved_to = old_start
        or (old_start is null and (q.moved_to = 'infinity' or exists (
            select from quota_usage removed
            where removed.plan_id = q.plan_id and removed.key_id = q.key_id
              and removed.period_start = q.moved_to and removed.moved_to = 'infinity'))));
    return null;
end
$$;

create trigger quota_clock_changed
    after update of quota_period, quota_offset on usage_plan for each row
    when ((old.quota_period, old.quota_offset) is distinct from (new.quota_period, new.quota_offset))
    execute function quota_clock_changed();
