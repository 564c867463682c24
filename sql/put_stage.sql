-- put_stage
insert into stage (name, deployment_id, description, variables, tags)
values ($1, $2, $3, $4, $5)
on conflict (name) do update
set deployment_id = excluded.deployment_id, description = excluded.description,
    variables = excluded.variables, tags = excluded.tags, updated_at = now()
