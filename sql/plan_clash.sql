-- plan_clash
-- Two plans that would let one key call the same stage: of those that it is to be put in ($1), and
-- those that it is in already ($2 is the key, null where it is new).
with held as (
    select unnest($1::text[]) as plan_id
    union
    select plan_id from usage_plan_key where key_id = $2::text
)
select mine.plan_id, mine.stage, other.plan_id as other
from usage_plan_stage mine
join usage_plan_stage other on other.stage = mine.stage and other.plan_id <> mine.plan_id
join held on held.plan_id = other.plan_id
where mine.plan_id = any ($1::text[])
order by mine.stage, mine.plan_id, other.plan_id
limit 1
