-- gate_keys
select id, enabled, expires_at from api_key
