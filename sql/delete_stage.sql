-- delete_stage
delete from stage where name = $1
