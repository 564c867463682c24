-- invites_of_games
select game_id, code from invite where game_id = any($1)
