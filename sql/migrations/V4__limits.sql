-- Throttles and quotas: who shares them, and what has been used.

-- Each instance that serves. One whose beat has lapsed takes no share any more.
create table instance (
    id uuid primary key,
    beat_at timestamptz not null
);

-- Periods are the database's: midnight UTC begins a day. `start_day` is the day on which a week
-- (0 is Sunday) or a month (0 is the first) begins.
create function quota_period_start(period text, start_day integer, at timestamptz)
returns timestamptz language sql immutable as $$
    select case period
        when 'DAY' then date_trunc('day', at at time zone 'UTC')
        when 'WEEK' then date_trunc('day', at at time zone 'UTC') - make_interval(
            days => (extract(dow from at at time zone 'UTC')::integer - start_day + 7) % 7)
        when 'MONTH' then
            date_trunc('month', (at at time zone 'UTC') - make_interval(days => start_day))
            + make_interval(days => start_day)
    end at time zone 'UTC'
$$;

create function quota_period_end(period text, start_day integer, at timestamptz)
returns timestamptz language sql immutable as $$
    select (case period
        when 'DAY' then start + interval '1 day'
        when 'WEEK' then start + interval '7 days'
        when 'MONTH' then date_trunc('month', start) + interval '1 month'
            + make_interval(days => start_day)
    end) at time zone 'UTC'
    from (select quota_period_start(period, start_day, at) at time zone 'UTC') as p (start)
$$;

-- How much of a key's quota is taken. What an instance has taken and not yet spent counts as used,
-- so what is left here is left for certain. `epoch` grows when an operator sets what remains: who
-- took something before then has nothing to give back. `leased_at` is when somebody last took more
-- than it could spend at once.
create table quota_usage (
    plan_id text not null references usage_plan (id) on delete cascade,
    key_id text not null references api_key (id) on delete cascade,
    period_start timestamptz not null,
    used bigint not null,
    epoch integer not null default 0,
    leased_at timestamptz not null default '-infinity',
    primary key (plan_id, key_id, period_start)
) with (fillfactor = 70);

create index quota_usage_key on quota_usage (key_id);

-- Calls that passed, by day (UTC).
create table usage_day (
    plan_id text not null references usage_plan (id) on delete cascade,
    key_id text not null references api_key (id) on delete cascade,
    day date not null,
    used bigint not null,
    primary key (plan_id, key_id, day)
) with (fillfactor = 70);

create index usage_day_key on usage_day (key_id);
