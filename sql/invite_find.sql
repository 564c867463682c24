-- invite_find
select game_id from invite where code = $1 and stage = $2
