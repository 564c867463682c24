-- delete_plan_stages
-- All of a plan's stages but those in the object.
delete from usage_plan_stage where plan_id = $1 and not $2::jsonb ? stage
