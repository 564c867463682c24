-- player_delete
-- Deletes a marked player with their name; events keep the id, so every game stays replayable.
delete from player where player_id = $1 and deleted_at is not null returning player_id
