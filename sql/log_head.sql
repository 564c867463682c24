-- log_head
-- The log's epoch, the position of its last event (0 while it has none), and the database's clock.
select epoch, coalesce((select max(position) from event), 0), clock_timestamp()
from log
