-- share_quota_locks
-- Keeps edits of these plans' quotas away until the transaction ends, and waits for those that run
-- or wait. In the order of the locks, so that nobody deadlocks.
select pg_advisory_xact_lock_shared(lock)
from (select distinct quota_lock(id) as lock from unnest($1::text[]) as p (id) order by lock) as sorted
