-- gate_keys
select id, name, enabled, expires_at from api_key
