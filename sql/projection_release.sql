-- projection_release
-- Games that fold again, or that another release could fold, leave the quarantine.
delete from quarantine where generation = $1 and game_id = any ($2)
