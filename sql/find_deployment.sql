-- find_deployment
select id, description, methods, rules, created_at from deployment where id = $1
