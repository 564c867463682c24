-- list_usage_plans
select p.id, p.name, p.description, p.product_code, p.rate, p.burst,
       p.quota_limit, p.quota_offset, p.quota_period, p.tags, p.created_at, p.updated_at,
       coalesce((select jsonb_object_agg(s.stage, s.throttle)
                 from usage_plan_stage s where s.plan_id = p.id), '{}') as stages
from usage_plan p
where ($1::text is null
       or exists (select from usage_plan_key k where k.plan_id = p.id and k.key_id = $1))
  and ($2::timestamptz is null or (p.created_at, p.id) < ($2, $3::text))
order by p.created_at desc, p.id desc
limit $4
