-- find_plan_conflict
-- A key that has another plan for a stage of this one: the given key, or any of the plan's keys.
select k.id as key_id, k.name as key_name, p.id as plan_id, p.name as plan_name, there.stage
from usage_plan_stage here
join usage_plan_stage there on there.stage = here.stage and there.plan_id <> here.plan_id
join usage_plan p on p.id = there.plan_id
join usage_plan_key other on other.plan_id = there.plan_id
join api_key k on k.id = other.key_id
where here.plan_id = $1
  and case
      when $2::text is not null then other.key_id = $2
      else exists (
          select from usage_plan_key mine
          where mine.plan_id = here.plan_id and mine.key_id = other.key_id)
  end
order by k.id, p.id, there.stage
limit 1
