-- terminate_append_blocker
-- Ends the sessions of ours that hold the append lock while their client says nothing: a peer that
-- froze between Execute and Sync keeps its implicit transaction, and with it the lock, for ever.
select count(*) filter (where pg_terminate_backend(holder.pid))
from pg_locks holder
join pg_stat_activity session on session.pid = holder.pid
where holder.locktype = 'advisory'
  and holder.granted
  and holder.database = (select oid from pg_database where datname = current_database())
  and (holder.classid::bigint << 32) | holder.objid::bigint = 7307188371253121
  and holder.objsubid = 1
  and holder.pid <> pg_backend_pid()
  and session.application_name = $1
  and session.wait_event = 'ClientRead'
