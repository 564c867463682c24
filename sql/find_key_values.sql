-- find_key_values
select key_id, phc from api_key_value where lookup = $1
