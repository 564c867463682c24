-- insert_key_value
insert into api_key_value (key_id, lookup, phc) values ($1, $2, $3)
