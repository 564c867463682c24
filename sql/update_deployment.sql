-- update_deployment
-- What was deployed stays as it is; only what is said of it changes.
update deployment set description = $2 where id = $1
