-- projection_status
-- How far the live projection is, where the log ends, and the first event it has not seen.
select p.generation, p.position,
       coalesce((select max(position) from event), 0),
       (select count(*) from event e where e.position > p.position),
       coalesce(extract(epoch from now() -
           (select at from event e where e.position > p.position order by position limit 1)),
           0)::double precision,
       (select count(*) from quarantine q where q.generation = p.generation)
from projection p
where p.name = 'games'
