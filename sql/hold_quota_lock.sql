-- hold_quota_lock
-- Keeps instances from the plan's quotas until the transaction ends.
select pg_advisory_xact_lock(quota_lock($1))
