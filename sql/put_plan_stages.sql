-- put_plan_stages
insert into usage_plan_stage (plan_id, stage, throttle)
select $1, key, value from jsonb_each($2)
on conflict (plan_id, stage) do update set throttle = excluded.throttle
where usage_plan_stage.throttle is distinct from excluded.throttle
