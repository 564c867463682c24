-- request_keys_sweep
-- Deletes reservations that hold no longer, at most $1 of them.
delete from request_key
where scope in (
    select scope from request_key where at < now() - interval '24 hours' order by at limit $1
)
returning scope
