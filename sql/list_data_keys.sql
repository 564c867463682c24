-- list_data_keys
-- Oldest first.
select id, key, wrapped from data_key order by id
