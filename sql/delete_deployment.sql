-- delete_deployment
delete from deployment where id = $1
