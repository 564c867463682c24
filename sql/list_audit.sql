-- list_audit
select id, at, actor, action, target, before, after
from audit
where $1::bigint is null or id < $1
order by id desc
limit $2
