-- plans_of_key
select plan_id from usage_plan_key where key_id = $1 order by plan_id
