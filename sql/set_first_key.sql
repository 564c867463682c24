-- set_first_key
update gate set first_key = $1
