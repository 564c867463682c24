-- find_usage_plan
select p.id, p.name, p.description, p.product_code, p.rate, p.burst,
       p.quota_limit, p.quota_offset, p.quota_period, p.tags, p.created_at, p.updated_at,
       coalesce((select jsonb_object_agg(s.stage, s.throttle)
                 from usage_plan_stage s where s.plan_id = p.id), '{}') as stages
from usage_plan p
where p.id = $1
