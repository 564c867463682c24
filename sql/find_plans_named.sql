-- find_plans_named
-- Names need not be unique: all of that name, the oldest first.
select id from usage_plan where name = $1 order by created_at, id
