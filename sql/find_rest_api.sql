-- find_rest_api
select name, description, tags, created_at from rest_api
