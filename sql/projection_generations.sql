-- projection_generations
-- The generations that are read or filled.
select generation from projection
