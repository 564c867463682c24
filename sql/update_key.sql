-- update_key
update api_key
set name = $2, description = $3, customer_id = $4, enabled = $5, tags = $6, expires_at = $7,
    updated_at = now()
where id = $1
returning id, name, description, customer_id, enabled, tags,
          created_at, updated_at, expires_at, last_used_at
