-- find_plan_named
-- Names need not be unique: the oldest of that name.
select id from usage_plan where name = $1 order by created_at, id limit 1
