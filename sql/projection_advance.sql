-- projection_advance
-- First in its transaction: no row means that somebody else has moved the projection on.
update projection
set position = $4, updated_at = now()
where name = $1 and generation = $2 and position = $3
returning position
