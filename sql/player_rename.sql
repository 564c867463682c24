-- player_rename
update player set name = $2 where player_id = $1 and deleted_at is null returning player_id
