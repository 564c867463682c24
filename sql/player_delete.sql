-- player_delete
-- Ends the player's tokens; events keep the id, so every game stays replayable.
delete from player where player_id = $1 returning player_id
