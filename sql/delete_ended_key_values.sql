-- delete_ended_key_values
delete from api_key_value where key_id = $1 and expires_at <= $2
