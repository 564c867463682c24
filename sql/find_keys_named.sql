-- find_keys_named
-- Names need not be unique: all of that name, the oldest first.
select id from api_key where name = $1 order by created_at, id
