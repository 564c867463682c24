-- archive_lock_log
-- Nobody records until the transaction ends. An append takes its snapshot after it has locked the
-- table, so the next one sees what was deleted, and goes on with none of it.
lock table event in share row exclusive mode
