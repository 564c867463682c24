-- archive_delete
-- Deletes games ($1) with what is derived from them, and returns them. Under the locks of
-- projection_lock and archive_lock_log. A game stays where it has gone on since, where the projection has not passed it,
-- where its rematch ($4, null where the game names it itself) exists unnamed, and where it has the
-- log's last event: by that the log's end is known.
with given as (
    select * from unnest($1::uuid[], $2::integer[], $3::bigint[], $4::uuid[])
        as g (game_id, version, position, next)
),
doomed as materialized (
    select g.game_id
    from given g
    cross join lateral (
        select version, position
        from event
        where event.game_id = g.game_id
        order by version desc
        limit 1
    ) as last
    where last.version = g.version
      and last.position = g.position
      and g.position < (select max(position) from event)
      and g.position <= (select min(position) from projection)
      and not exists (select from event n where n.game_id = g.next and n.version = 1)
),
events as (
    delete from event where game_id in (select game_id from doomed)
),
boards as (
    delete from board
    where generation in (select generation from projection)
      and game_id in (select game_id from doomed)
),
lists as (
    delete from my_game m
    using unnest($5::uuid[], $6::uuid[]) as p (player_id, game_id)
    where m.generation in (select generation from projection)
      and m.player_id = p.player_id
      and m.game_id = p.game_id
      and p.game_id in (select game_id from doomed)
),
invites as (
    delete from invite where game_id in (select game_id from doomed)
)
select game_id from doomed
