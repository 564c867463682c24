-- insert_deployment
-- Takes over what is set for each method now, and the given rules versions.
insert into deployment (id, description, methods, rules)
select $1, $2, coalesce(jsonb_object_agg(path, verbs), '{}'), $3
from (
    select path, jsonb_object_agg(verb, api_key_required) as verbs from method group by path
) as settings
