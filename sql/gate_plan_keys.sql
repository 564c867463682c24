-- gate_plan_keys
select plan_id, key_id from usage_plan_key
