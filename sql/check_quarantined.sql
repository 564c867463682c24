-- check_quarantined
select game_id, error from quarantine where generation = $1 and game_id = any ($2)
