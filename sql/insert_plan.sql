-- insert_plan
insert into usage_plan (id, name) values ($1, $2)
