-- insert_stage
insert into stage (name, deployment_id) values ($1, $2)
