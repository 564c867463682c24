-- gate_plan_stages
select plan_id, stage, throttle from usage_plan_stage
