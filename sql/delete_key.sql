-- delete_key
delete from api_key where id = $1 returning id
