-- insert_plan_key
insert into usage_plan_key (plan_id, key_id) values ($1, $2)
