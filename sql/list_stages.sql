-- list_stages
select name, deployment_id, description, variables, tags, created_at, updated_at
from stage
order by created_at, name
