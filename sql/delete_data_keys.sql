-- delete_data_keys
delete from data_key where id = any ($1::bigint[])
