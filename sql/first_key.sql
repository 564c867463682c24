-- first_key
-- The key that a first start made; null before.
select first_key from gate
