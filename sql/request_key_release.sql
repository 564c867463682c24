-- request_key_release
-- Undoes a reservation whose command was refused, with the player who was made for it ($3).
with released as (
    delete from request_key where scope = $1::bytea and player_id = $2::uuid
)
delete from player where player_id = $2::uuid and $3::boolean
