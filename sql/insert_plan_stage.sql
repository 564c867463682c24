-- insert_plan_stage
insert into usage_plan_stage (plan_id, stage) values ($1, $2)
