-- beat_instance
-- This instance lives; returns how many do, itself among them.
with mine as (
    insert into instance (id, beat_at) values ($1, now())
    on conflict (id) do update set beat_at = excluded.beat_at
),
gone as (
    delete from instance where id in (
        select id from instance where beat_at < now() - interval '1 minute'
        for update skip locked
    )
)
select 1 + count(*) from instance where id <> $1 and beat_at > now() - interval '5 seconds'
