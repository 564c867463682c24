-- insert_key
insert into api_key (id, name, description, customer_id, enabled, tags, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
returning id, name, description, customer_id, enabled, tags,
          created_at, updated_at, expires_at, last_used_at
