-- check_head
-- What a check measures everything against: the log's epoch (null where its row is gone) and end,
-- the last position that was drawn, the live projection, and the time.
select (select epoch from log),
       coalesce((select max(position) from event), 0),
       (select last_value from event_position),
       p.generation, p.position,
       clock_timestamp()
from projection p
where p.name = 'games'
