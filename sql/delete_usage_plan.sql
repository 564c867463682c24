-- delete_usage_plan
delete from usage_plan where id = $1
