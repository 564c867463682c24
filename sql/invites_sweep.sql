-- invites_sweep
-- Deletes invites to games that never came to be, at most $1 of them.
delete from invite
where code in (
    select i.code
    from invite i
    where i.at < now() - interval '24 hours'
      and not exists (select from event e where e.game_id = i.game_id and e.version = 1)
    limit $1
)
returning code
