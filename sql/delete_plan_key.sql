-- delete_plan_key
delete from usage_plan_key where plan_id = $1 and key_id = $2
