-- update_usage_plan
update usage_plan
set name = $2, description = $3, product_code = $4, rate = $5, burst = $6,
    quota_limit = $7, quota_offset = $8, quota_period = $9, tags = $10, updated_at = now()
where id = $1
