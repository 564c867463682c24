-- archive_try
-- Held by the session: the one command that archives or unarchives.
select pg_try_advisory_lock(7307188371253124)
