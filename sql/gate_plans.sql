-- gate_plans
select id, name, rate, burst, quota_limit, quota_offset, quota_period from usage_plan
