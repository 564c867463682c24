-- end_key_values
-- Lets all values that a key has now end at a moment; those that end sooner stay as they are.
update api_key_value
set expires_at = $2
where key_id = $1 and (expires_at is null or expires_at > $2)
