-- update_rest_api
update rest_api set name = $1, description = $2, tags = $3
