-- list_key_values
select id, created_at, expires_at from api_key_value where key_id = $1 order by id desc
