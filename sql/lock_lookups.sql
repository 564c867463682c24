-- lock_lookups
-- Values of one lookup are given out one after another. In order, so that nobody deadlocks.
select pg_advisory_xact_lock(730718837, hashtext(lookup))
from (select lookup from unnest($1::text[]) as l (lookup) order by hashtext(lookup)) as sorted
