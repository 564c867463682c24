-- gate_key_values
select key_id, lookup, phc, expires_at from api_key_value
