-- player_mark_deleted
-- Ends the player's tokens; how many seconds ago that was done first. No row: the player is gone.
update player
set deleted_at = coalesce(deleted_at, now())
where player_id = $1
returning extract(epoch from clock_timestamp() - deleted_at)::double precision as seconds
