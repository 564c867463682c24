-- projection_try_lead
-- Held by the session: the one instance that projects.
select pg_try_advisory_lock(7307188371253123)
