-- projection_page_end
-- Where the next page of the log ends, and which games it touches; null and none at the log's end.
select max(position), array_agg(distinct game_id)
from (select position, game_id from event where position > $1 order by position limit $2) page
