-- insert_audit
insert into audit (actor, action, target, before, after) values ($1, $2, $3, $4, $5)
