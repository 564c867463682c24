-- insert_usage_plan
insert into usage_plan (id, name, description, product_code, rate, burst,
                        quota_limit, quota_offset, quota_period, tags)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
