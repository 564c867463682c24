-- renew_epoch
-- A new course of history begins: every reader starts anew. Positions leap far over what the lost
-- course may have come to, so that none is given out twice: a copy of a game from that course can
-- never be taken for one of this course.
update log
set epoch = gen_random_uuid()
from (select setval('event_position', nextval('event_position') + 1000000000)) as leap
returning epoch
