-- player_rename
update player set name = $2 where player_id = $1 returning player_id
