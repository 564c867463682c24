-- projection_quarantined
select q.game_id, q.error
from quarantine q
join projection p on p.name = 'games' and p.generation = q.generation
order by q.at desc
limit 100
