-- add_usage
-- Calls that passed since the last time, as of today. $4 are those among them that no quota was
-- asked for; where the plan has one by now, they count in it. Edits wait meanwhile
-- (share_quota_locks): an edit counts what is written before it, and finds no row half written.
with plan as materialized (
    select p.id,
        quota_period_start(p.quota_period, p.quota_offset, statement_timestamp()) as period_start
    from usage_plan p
    where p.id = any ($1::text[])
),
given as materialized (
    select g.plan_id, g.key_id, g.calls, g.unmetered, p.period_start
    from unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])
        as g (plan_id, key_id, calls, unmetered)
    join plan p on p.id = g.plan_id
    join api_key k on k.id = g.key_id
),
late as (
    insert into quota_usage as q (plan_id, key_id, period_start, used)
    select g.plan_id, g.key_id, g.period_start, g.unmetered
    from given g
    where g.period_start is not null and g.unmetered > 0
    order by g.plan_id, g.key_id
    on conflict (plan_id, key_id, period_start) do update set used = q.used + excluded.used
)
insert into usage_day as u (plan_id, key_id, day, used)
select g.plan_id, g.key_id, (statement_timestamp() at time zone 'UTC')::date, g.calls
from given g
order by g.plan_id, g.key_id
on conflict (plan_id, key_id, day) do update set used = u.used + excluded.used
;
-- append_events
-- Records each given event whose game still ends where the writer's copy of it ended.
-- The lock comes first and every position is drawn over it, so positions are in commit order and
-- whoever reads `position > last` misses no late commit. A row that is not returned lost the race.
with lock as materialized (
    select pg_advisory_xact_lock(7307188371253121)
),
given as (
    select *
    from unnest(
        $1::uuid[], $2::integer[], $3::bigint[], $4::text[], $5::text[], $6::smallint[],
        $7::text[], $8::smallint[], $9::jsonb[], $10::uuid[], $11::timestamptz[]
    ) as g (game_id, version, after_position, stage, variant, rules,
            type, schema, data, actor, at)
)
insert into event
    (position, game_id, version, stage, variant, rules, type, schema, data, actor, at)
select
    nextval('event_position'), g.game_id, g.version, g.stage, g.variant, g.rules,
    g.type, g.schema, g.data, g.actor, g.at
from lock, given g
where g.version = 1
   or exists (
        select from event e
        where e.game_id = g.game_id
          and e.version = g.version - 1
          and e.position = g.after_position
   )
on conflict do nothing
returning game_id, version, position
;
-- archive_candidates
-- Finished games after one, by id, in which nothing has happened since a time.
select b.game_id
from projection p
join board b on b.generation = p.generation
where p.name = 'games'
  and b.game_id > $1
  and b.status = 'finished'
  and b.updated_at < $2
  and ($3::text is null or b.stage = $3)
order by b.game_id
limit $4
;
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
;
-- archive_drawn
-- The last position that was given out.
select last_value from event_position
;
-- archive_games
-- The whole histories of some games, each event also as the line of text that is kept of it.
select e.position, e.game_id, e.version, e.stage, e.variant, e.rules, e.type, e.schema, e.data,
       e.actor, e.at,
       row_to_json(kept)::text as line
from event e
cross join lateral (
    select e.position, e.version, e.stage, e.variant, e.rules, e.type, e.schema, e.data, e.actor,
           to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at
) as kept
where e.game_id = any ($1)
order by e.game_id, e.version
;
-- archive_is_rebuilding
-- A rebuild that has read a page of the log writes the rows of its games later.
select exists (select from projection where name <> 'games')
;
-- archive_lock_log
-- Nobody records until the transaction ends. An append takes its snapshot after it has locked the
-- table, so the next one sees what was deleted, and goes on with none of it.
lock table event in share row exclusive mode
;
-- archive_try
-- Held by the session: the one command that archives or unarchives.
select pg_try_advisory_lock(7307188371253124)
;
-- beat_instance
-- This instance lives; returns how many do, itself among them.
with mine as (
    insert into instance (id, beat_at) values ($1, now())
    on conflict (id) do update set beat_at = excluded.beat_at
),
gone as (
    delete from instance where id in (
        select id from instance where beat_at < now() - interval '1 minute'
        for update skip locked
    )
)
select 1 + count(*) from instance where id <> $1 and beat_at > now() - interval '5 seconds'
;
-- check_boards
select game_id, stage, variant, rules, version, status, turn, board, seats, result, position,
       created_at, updated_at
from board
where generation = $1 and game_id = any ($2)
;
-- check_events
-- The events of every game, game by game, after a version of a game.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where (game_id, version) > ($1, $2)
order by game_id, version
limit $3
;
-- check_head
-- What a check measures everything against: the log's epoch (null where its row is gone) and end,
-- the last position that was drawn, the live projection, and the time.
select (select epoch from log),
       coalesce((select max(position) from event), 0),
       (select last_value from event_position),
       p.generation, p.position,
       clock_timestamp()
from projection p
where p.name = 'games'
;
-- check_my_games
-- The rows of these players in these games.
select m.player_id, m.game_id, m.stage, m.status, m.my_turn, m.position, m.updated_at
from unnest($2::uuid[], $3::uuid[]) as g (player_id, game_id)
join my_game m
  on m.generation = $1 and m.player_id = g.player_id and m.game_id = g.game_id
;
-- check_positions_twice
-- Positions that more than one event has.
select min(game_id::text)::uuid, position
from event
group by position
having count(*) > 1
order by position
limit $1
;
-- check_quarantined
select game_id, error from quarantine where generation = $1 and game_id = any ($2)
;
-- check_reservations
-- How many games are reserved and not begun: by an idempotency key, or by an invite.
select count(*)
from (
    select game_id from request_key where game_id is not null
    union
    select game_id from invite
) as reserved
where not exists (select from event e where e.game_id = reserved.game_id)
;
-- check_stray_boards
-- Boards of games that have no event, and quarantined games that have none.
select b.game_id
from board b
where b.generation = $1 and not exists (select from event e where e.game_id = b.game_id)
union
select q.game_id
from quarantine q
where q.generation = $1 and not exists (select from event e where e.game_id = q.game_id)
limit $2
;
-- check_stray_invites
-- Invites to games of another stage, and invites without a game that no sweep has taken although
-- they are older than any reservation.
select i.game_id, i.stage, e.stage
from invite i
left join event e on e.game_id = i.game_id and e.version = 1
where e.stage <> i.stage or (e.stage is null and i.at < now() - interval '25 hours')
limit $1
;
-- check_stray_my_games
-- Players listed with games that have no event, or in which they do not sit.
select m.game_id, m.player_id
from my_game m
where m.generation = $1
  and (not exists (select from event e where e.game_id = m.game_id)
       or exists (
            select from board b
            where b.generation = m.generation and b.game_id = m.game_id
              and not exists (
                    select from jsonb_each_text(b.seats) as seat
                    where seat.value = m.player_id::text
              )
       ))
limit $2
;
-- database_clock
select clock_timestamp()
;
-- delete_deployment
delete from deployment where id = $1
;
-- delete_ended_key_values
delete from api_key_value where key_id = $1 and expires_at <= $2
;
-- delete_key
delete from api_key where id = $1 returning id
;
-- delete_plan_key
delete from usage_plan_key where plan_id = $1 and key_id = $2
;
-- delete_plan_stages
-- All of a plan's stages but those in the object.
delete from usage_plan_stage where plan_id = $1 and not $2::jsonb ? stage
;
-- delete_stage
delete from stage where name = $1
;
-- delete_usage_plan
delete from usage_plan where id = $1
;
-- end_key_values
-- Lets all values that a key has now end at a moment; those that end sooner stay as they are.
update api_key_value
set expires_at = $2
where key_id = $1 and (expires_at is null or expires_at > $2)
;
-- ensure_quota_usage
-- Begins a period for keys that have not called in it yet.
insert into quota_usage (plan_id, key_id, period_start, used)
select g.plan_id, g.key_id, g.period_start, 0
from unnest($1::text[], $2::text[], $3::timestamptz[]) as g (plan_id, key_id, period_start)
join usage_plan p on p.id = g.plan_id
join api_key k on k.id = g.key_id
order by g.plan_id, g.key_id
on conflict do nothing
;
-- find_deployment
select id, description, methods, rules, created_at from deployment where id = $1
;
-- find_key
select id, name, description, customer_id, enabled, tags,
       created_at, updated_at, expires_at, last_used_at
from api_key
where id = $1
;
-- find_key_values
select key_id, phc from api_key_value where lookup = $1
;
-- find_keys_named
-- Names need not be unique: all of that name, the oldest first.
select id from api_key where name = $1 order by created_at, id
;
-- find_plan_conflict
-- A key that has another plan for a stage of this one: the given key, or any of the plan's keys.
select k.id as key_id, k.name as key_name, p.id as plan_id, p.name as plan_name, there.stage
from usage_plan_stage here
join usage_plan_stage there on there.stage = here.stage and there.plan_id <> here.plan_id
join usage_plan p on p.id = there.plan_id
join usage_plan_key other on other.plan_id = there.plan_id
join api_key k on k.id = other.key_id
where here.plan_id = $1
  and case
      when $2::text is not null then other.key_id = $2
      else exists (
          select from usage_plan_key mine
          where mine.plan_id = here.plan_id and mine.key_id = other.key_id)
  end
order by k.id, p.id, there.stage
limit 1
;
-- find_plan_key
select k.id, k.name, p.created_at
from usage_plan_key p join api_key k on k.id = p.key_id
where p.plan_id = $1 and p.key_id = $2
;
-- find_plan_named
-- Names need not be unique: the oldest of that name.
select id from usage_plan where name = $1 order by created_at, id limit 1
;
-- find_plans_named
-- Names need not be unique: all of that name, the oldest first.
select id from usage_plan where name = $1 order by created_at, id
;
-- find_rest_api
select name, description, tags, created_at from rest_api
;
-- find_usage_plan
select p.id, p.name, p.description, p.product_code, p.rate, p.burst,
       p.quota_limit, p.quota_offset, p.quota_period, p.tags, p.created_at, p.updated_at,
       coalesce((select jsonb_object_agg(s.stage, s.throttle)
                 from usage_plan_stage s where s.plan_id = p.id), '{}') as stages
from usage_plan p
where p.id = $1
;
-- first_key
-- The key that a first start made; null before.
select first_key from gate
;
-- games_after
-- The games of a stage that have events after a position, newest change first. However far behind
-- the position is, no more than the newest events are looked at.
select game_id
from (
    select game_id, stage, position
    from event
    where position > $1
    order by position desc
    limit 50000
) as newest
where stage = $2
group by game_id
order by max(position) desc
limit $3
;
-- gate_head
-- What tells whether the gate's tables have changed, and the database's clock.
select generation, (select epoch from log), clock_timestamp() from gate
;
-- gate_key_values
select key_id, lookup, phc, expires_at from api_key_value
;
-- gate_keys
select id, enabled, expires_at from api_key
;
-- gate_plan_keys
select plan_id, key_id from usage_plan_key
;
-- gate_plan_stages
select plan_id, stage, throttle from usage_plan_stage
;
-- gate_plans
select id, name, rate, burst, quota_limit, quota_offset, quota_period from usage_plan
;
-- gate_salt
select salt from gate
;
-- gate_stages
select s.name, d.methods, d.rules from stage s join deployment d on d.id = s.deployment_id
;
-- give_back_quota
-- What was taken and not spent, unless an operator has set what remains since. Where the plan's
-- clock was edited since, the period that took the count over gets it back too. Shares of two
-- periods may come to one row, so they are summed. All rows are locked in the order of their keys,
-- so that instances do not deadlock. Edits wait meanwhile (share_quota_locks).
with given as (
    select q.plan_id, q.key_id, q.period_start, q.epoch, q.moved_to, g.unspent
    from unnest($1::text[], $2::text[], $3::timestamptz[], $4::integer[], $5::bigint[])
        as g (plan_id, key_id, period_start, epoch, unspent)
    join quota_usage q using (plan_id, key_id, period_start, epoch)
),
parts as (
    select plan_id, key_id, period_start, epoch, unspent from given
    union all
    select plan_id, key_id, moved_to, epoch, unspent from given where moved_to is not null
),
counts as (
    select plan_id, key_id, period_start, epoch, sum(unspent)::bigint as unspent
    from parts
    group by plan_id, key_id, period_start, epoch
),
locked as materialized (
    select q.plan_id, q.key_id, q.period_start, c.unspent
    from counts c
    join quota_usage q using (plan_id, key_id, period_start, epoch)
    order by q.plan_id, q.key_id, q.period_start
    for update of q
)
update quota_usage q
set used = q.used - l.unspent
from locked l
where q.plan_id = l.plan_id and q.key_id = l.key_id and q.period_start = l.period_start
;
-- hold_quota_lock
-- Keeps instances from the plan's quotas until the transaction ends.
select pg_advisory_xact_lock(quota_lock($1))
;
-- insert_audit
insert into audit (actor, action, target, before, after) values ($1, $2, $3, $4, $5)
;
-- insert_deployment
-- Takes over what is set for each method now, and the given rules versions.
insert into deployment (id, description, methods, rules)
select $1, $2, coalesce(jsonb_object_agg(path, verbs), '{}'), $3
from (
    select path, jsonb_object_agg(verb, api_key_required) as verbs from method group by path
) as settings
;
-- insert_key
insert into api_key (id, name, description, customer_id, enabled, tags, expires_at)
values ($1, $2, $3, $4, $5, $6, $7)
returning id, name, description, customer_id, enabled, tags,
          created_at, updated_at, expires_at, last_used_at
;
-- insert_key_value
insert into api_key_value (key_id, lookup, phc) values ($1, $2, $3)
;
-- insert_plan
insert into usage_plan (id, name) values ($1, $2)
;
-- insert_plan_key
insert into usage_plan_key (plan_id, key_id) values ($1, $2)
;
-- insert_plan_stage
insert into usage_plan_stage (plan_id, stage) values ($1, $2)
;
-- insert_stage
insert into stage (name, deployment_id) values ($1, $2)
;
-- insert_usage_plan
insert into usage_plan (id, name, description, product_code, rate, burst,
                        quota_limit, quota_offset, quota_period, tags)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
;
-- invite_find
select game_id from invite where code = $1 and stage = $2
;
-- invites_of_games
select game_id, code from invite where game_id = any($1)
;
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
;
-- list_audit
select id, at, actor, action, target, before, after
from audit
where $1::bigint is null or id < $1
order by id desc
limit $2
;
-- list_deployments
select id, description, methods, rules, created_at
from deployment
where $1::timestamptz is null or (created_at, id) < ($1, $2::text)
order by created_at desc, id desc
limit $3
;
-- list_key_values
select id, created_at, expires_at from api_key_value where key_id = $1 order by id desc
;
-- list_keys
select id, name, description, customer_id, enabled, tags,
       created_at, updated_at, expires_at, last_used_at
from api_key k
where ($1::text is null or name like $1)
  and ($2::text is null or customer_id = $2)
  and ($3::text is null
       or exists (select from usage_plan_key u where u.plan_id = $3 and u.key_id = k.id))
  and ($4::timestamptz is null or (created_at, id) < ($4, $5::text))
order by created_at desc, id desc
limit $6
;
-- list_methods
select path, verb, api_key_required from method
;
-- list_plan_keys
select k.id, k.name, p.created_at
from usage_plan_key p join api_key k on k.id = p.key_id
where p.plan_id = $1
  and ($2::text is null or k.name like $2)
  and ($3::timestamptz is null or (p.created_at, k.id) < ($3, $4::text))
order by p.created_at desc, k.id desc
limit $5
;
-- list_stages
select name, deployment_id, description, variables, tags, created_at, updated_at
from stage
order by created_at, name
;
-- list_usage_plans
select p.id, p.name, p.description, p.product_code, p.rate, p.burst,
       p.quota_limit, p.quota_offset, p.quota_period, p.tags, p.created_at, p.updated_at,
       coalesce((select jsonb_object_agg(s.stage, s.throttle)
                 from usage_plan_stage s where s.plan_id = p.id), '{}') as stages
from usage_plan p
where ($1::text is null
       or exists (select from usage_plan_key k where k.plan_id = p.id and k.key_id = $1))
  and ($2::timestamptz is null or (p.created_at, p.id) < ($2, $3::text))
order by p.created_at desc, p.id desc
limit $4
;
-- lock_gate
-- Changes of the gate's tables follow one another.
select generation from gate for update
;
-- lock_lookups
-- Values of one lookup are given out one after another. In order, so that nobody deadlocks.
select pg_advisory_xact_lock(730718837, hashtext(lookup))
from (select lookup from unnest($1::text[]) as l (lookup) order by hashtext(lookup)) as sorted
;
-- log_head
-- The log's epoch, the position of its last event (0 while it has none), and the database's clock.
select epoch, coalesce((select max(position) from event), 0), clock_timestamp()
from log
;
-- log_page
-- The events after a position, in order.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where position > $1
order by position
limit $2
;
-- my_games_page
-- A player's games, those where it is their turn first, then by the newest change; after the
-- game that ended the page before ($4, $5), null on the first page.
select m.game_id, m.my_turn, m.position
from projection p
join my_game m on m.generation = p.generation
where p.name = 'games'
  and m.player_id = $1
  and m.stage = $2
  and ($3::text is null or m.status = $3)
  and ($4::boolean is null or (m.my_turn, m.position) < ($4, $5::bigint))
order by m.my_turn desc, m.position desc
limit $6
;
-- my_games_position
-- How far the list of games has come along the log.
select position from projection where name = 'games'
;
-- my_games_unfinished
select m.game_id
from projection p
join my_game m on m.generation = p.generation
where p.name = 'games'
  and m.player_id = $1
  and m.stage = $2
  and m.status <> 'finished'
order by m.position desc
limit $3
;
-- plan_clash
-- Two plans that would let one key call the same stage: of those that it is to be put in ($1), and
-- those that it is in already ($2 is the key, null where it is new).
with held as (
    select unnest($1::text[]) as plan_id
    union
    select plan_id from usage_plan_key where key_id = $2::text
)
select mine.plan_id, mine.stage, other.plan_id as other
from usage_plan_stage mine
join usage_plan_stage other on other.stage = mine.stage and other.plan_id <> mine.plan_id
join held on held.plan_id = other.plan_id
where mine.plan_id = any ($1::text[])
order by mine.stage, mine.plan_id, other.plan_id
limit 1
;
-- plans_of_key
select plan_id from usage_plan_key where key_id = $1 order by plan_id
;
-- player_delete
-- Deletes a marked player with their name; events keep the id, so every game stays replayable.
delete from player where player_id = $1 and deleted_at is not null returning player_id
;
-- player_games_kept
-- Waiting rematches of a player's finished games, each with the finished game, in order of the
-- finished games' ids, after the finished game $2. In each of them a seat is kept for the player.
-- A rematch is the last event of a finished game, and `my_game` has that event's position.
select m.game_id, b.game_id as rematch
from projection p
join my_game m on m.generation = p.generation
join event e on e.position = m.position and e.type = 'rematch_created'
join board b on b.generation = p.generation and b.game_id = (e.data ->> 'gameId')::uuid
where p.name = 'games'
  and m.player_id = $1
  and m.status = 'finished'
  and m.game_id > $2
  and b.status = 'waiting'
order by m.game_id
limit $3
;
-- player_games_unfinished
-- A player's unfinished games on all stages, in order of their ids, after the game $2.
select m.game_id
from projection p
join my_game m on m.generation = p.generation
where p.name = 'games'
  and m.player_id = $1
  and m.status <> 'finished'
  and m.game_id > $2
order by m.game_id
limit $3
;
-- player_games_unlinked
-- A player's finished games that name no rematch, each with the time of its last event, which ended
-- it. In order of their ids, after the game $2.
select m.game_id, e.at
from projection p
join my_game m on m.generation = p.generation
join event e on e.position = m.position and e.type <> 'rematch_created'
where p.name = 'games'
  and m.player_id = $1
  and m.status = 'finished'
  and m.game_id > $2
order by m.game_id
limit $3
;
-- player_mark_deleted
-- Ends the player's tokens; how many seconds ago that was done first. No row: the player is gone.
update player
set deleted_at = coalesce(deleted_at, now())
where player_id = $1
returning extract(epoch from clock_timestamp() - deleted_at)::double precision as seconds
;
-- player_rename
update player set name = $2 where player_id = $1 and deleted_at is null returning player_id
;
-- players_leaving
-- Players whose deletion began over a minute ago and is not done: nobody has repeated the call. In
-- order of the time that it began ($2) and the id ($3), after those two.
select player_id, deleted_at
from player
where deleted_at < now() - interval '1 minute'
  and (deleted_at, player_id) > ($2::timestamptz, $3::uuid)
order by deleted_at, player_id
limit $1
;
-- players_living
-- Those of the given players who have not deleted their account, nor begun to.
select player_id
from player
where player_id = any($1) and deleted_at is null
;
-- players_read
-- The names of those of the given players who are not deleted.
select player_id, name
from player
where player_id = any($1)
;
-- projection_advance
-- First in its transaction: no row means that somebody else has moved the projection on.
update projection
set position = $4, updated_at = now()
where name = $1 and generation = $2 and position = $3
returning position
;
-- projection_begin_rebuild
-- A new generation to be filled beside the live one; one that was left half-filled is gone on with.
insert into projection (name, generation, position)
select 'games-next', generation + 1, 0 from projection where name = 'games'
on conflict (name) do update set updated_at = now()
returning generation, position
;
-- projection_generations
-- The generations that are read or filled.
select generation from projection
;
-- projection_histories
-- The histories of the named games as they were when the log had come to a position.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where game_id = any ($1) and position <= $2
order by game_id, version
;
-- projection_lock
-- Nobody projects, nor begins a rebuild, until the transaction ends.
lock table projection in share row exclusive mode
;
-- projection_page_end
-- Where the next page of the log ends, and which games it touches; null and none at the log's end.
select max(position), array_agg(distinct game_id)
from (select position, game_id from event where position > $1 order by position limit $2) page
;
-- projection_put_boards
insert into board (generation, game_id, stage, variant, rules, version, status, turn, board, seats,
                   result, position, created_at, updated_at)
select $1, g.*
from unnest($2::uuid[], $3::text[], $4::text[], $5::smallint[], $6::integer[], $7::text[],
            $8::text[], $9::jsonb[], $10::jsonb[], $11::jsonb[], $12::bigint[],
            $13::timestamptz[], $14::timestamptz[]) as g
on conflict (generation, game_id) do update
set version = excluded.version, status = excluded.status, turn = excluded.turn,
    board = excluded.board, seats = excluded.seats, result = excluded.result,
    position = excluded.position, updated_at = excluded.updated_at
;
-- projection_put_my_games
insert into my_game (generation, player_id, game_id, stage, status, my_turn, position, updated_at)
select $1, g.*
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::boolean[], $7::bigint[],
            $8::timestamptz[]) as g
on conflict (generation, player_id, game_id) do update
set status = excluded.status, my_turn = excluded.my_turn, position = excluded.position,
    updated_at = excluded.updated_at
;
-- projection_quarantine
insert into quarantine (generation, game_id, error)
select $1, g.* from unnest($2::uuid[], $3::text[]) as g
on conflict (generation, game_id) do update set error = excluded.error, at = now()
;
-- projection_quarantined
select q.game_id, q.error
from quarantine q
join projection p on p.name = 'games' and p.generation = q.generation
order by q.at desc
limit 100
;
-- projection_release
-- Games that fold again, or that another release could fold, leave the quarantine.
delete from quarantine where generation = $1 and game_id = any ($2)
;
-- projection_state
select generation, position from projection where name = $1
;
-- projection_status
-- How far the live projection is, where the log ends, and the first event it has not seen.
select p.generation, p.position,
       coalesce((select max(position) from event), 0),
       (select count(*) from event e where e.position > p.position),
       coalesce(extract(epoch from now() -
           (select at from event e where e.position > p.position order by position limit 1)),
           0)::double precision,
       (select count(*) from quarantine q where q.generation = p.generation)
from projection p
where p.name = 'games'
;
-- projection_swap
-- The filled generation becomes the live one, if it has come as far.
with next as (
    delete from projection n
    using projection live
    where n.name = 'games-next' and n.generation = $1
      and live.name = 'games' and n.position >= live.position
    returning n.generation, n.position
)
update projection live
set generation = next.generation, position = next.position, updated_at = now()
from next
where live.name = 'games'
returning live.generation
;
-- projection_sweep_board
-- Rows of generations before the live one, a few at a time.
delete from board
where ctid in (
    select ctid from board
    where generation < (select generation from projection where name = 'games')
    limit 5000
)
;
-- projection_sweep_my_game
-- Rows of generations before the live one, a few at a time.
delete from my_game
where ctid in (
    select ctid from my_game
    where generation < (select generation from projection where name = 'games')
    limit 5000
)
;
-- projection_sweep_quarantine
-- Rows of generations before the live one, a few at a time.
delete from quarantine
where ctid in (
    select ctid from quarantine
    where generation < (select generation from projection where name = 'games')
    limit 5000
)
;
-- projection_try_lead
-- Held by the session: the one instance that projects.
select pg_try_advisory_lock(7307188371253123)
;
-- put_method
insert into method (path, verb, api_key_required) values ($1, $2, $3)
on conflict (path, verb) do update set api_key_required = excluded.api_key_required
;
-- put_plan_stages
insert into usage_plan_stage (plan_id, stage, throttle)
select $1, key, value from jsonb_each($2)
on conflict (plan_id, stage) do update set throttle = excluded.throttle
where usage_plan_stage.throttle is distinct from excluded.throttle
;
-- put_stage
insert into stage (name, deployment_id, description, variables, tags)
values ($1, $2, $3, $4, $5)
on conflict (name) do update
set deployment_id = excluded.deployment_id, description = excluded.description,
    variables = excluded.variables, tags = excluded.tags, updated_at = now()
;
-- quota_state
-- What remains of a key's quota now; no row where its plan has none.
select p.quota_limit - coalesce(q.used, 0) as remaining, p.quota_limit,
    quota_period_end(p.quota_period, p.quota_offset, now()) as period_end
from usage_plan p
left join quota_usage q on q.plan_id = p.id and q.key_id = $2
    and q.period_start = quota_period_start(p.quota_period, p.quota_offset, now())
where p.id = $1 and p.quota_limit is not null
;
-- read_game
-- A game's whole history.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where game_id = $1
order by version
;
-- read_game_from
-- A game's events after a version, in order.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where game_id = $1 and version > $2
order by version
limit $3
;
-- read_games
-- The whole histories of some games.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where game_id = any($1)
order by game_id, version
;
-- read_recorded_at
-- The event that made a game's version, whoever recorded it.
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from event
where game_id = $1 and version = $2
;
-- read_version
-- How many events a game has, and the position of the last; no row where it has none.
select version, position
from event
where game_id = $1
order by version desc
limit 1
;
-- read_versions
-- How many events each of some games has, and the position of the last.
select g.game_id, e.version, e.position
from unnest($1::uuid[]) as g (game_id)
cross join lateral (
    select version, position
    from event
    where event.game_id = g.game_id
    order by version desc
    limit 1
) as e
;
-- renew_epoch
-- A new course of history begins: every reader starts anew. Positions leap far over what the lost
-- course may have come to, so that none is given out twice: a copy of a game from that course can
-- never be taken for one of this course.
update log
set epoch = gen_random_uuid()
from (select setval('event_position', nextval('event_position') + 1000000000)) as leap
returning epoch
;
-- request_key_read
select body_digest, player_id, game_id, extract(epoch from now() - at)::float8 as age_seconds
from request_key
where scope = $1 and at >= now() - interval '24 hours'
;
-- request_key_release
-- Undoes a reservation whose command was refused, with the player who was made for it ($3).
with released as (
    delete from request_key where scope = $1::bytea and player_id = $2::uuid
)
delete from player where player_id = $2::uuid and $3::boolean
;
-- request_keys_sweep
-- Deletes reservations that hold no longer, at most $1 of them.
delete from request_key
where scope in (
    select scope from request_key where at < now() - interval '24 hours' order by at limit $1
)
returning scope
;
-- reserve
-- Writes, before a game's event, everything that is not in events: the idempotency key ($1, null
-- where there is none), the invite ($6, null where there is none) and the new player ($8) or the
-- player's new name. All or nothing: nothing where the key holds already, and a code that is
-- taken fails the statement.
with kept as (
    insert into request_key as k (scope, body_digest, player_id, game_id, invite)
    select $1::bytea, $2::bytea, $3::uuid, $4::uuid, $6::text
    where $1::bytea is not null
    on conflict (scope) do update
    set body_digest = excluded.body_digest, player_id = excluded.player_id,
        game_id = excluded.game_id, invite = excluded.invite, at = now()
    where k.at < now() - interval '24 hours'
    returning scope
),
granted as (
    select true as yes
    where $1::bytea is null or exists (select from kept)
),
code as (
    insert into invite (code, stage, game_id)
    select $6::text, $5::text, $4::uuid from granted where $6::text is not null
),
made as (
    insert into player (player_id, name)
    select $3::uuid, $7::text from granted where $8::boolean
),
renamed as (
    update player set name = $7::text
    from granted
    where player_id = $3::uuid and not $8::boolean and $7::text is not null
      and deleted_at is null
)
select yes from granted
;
-- schema_oldest
-- The oldest schema whose release may serve this database.
select oldest from schema_support
;
-- set_first_key
update gate set first_key = $1
;
-- set_remaining_quota
-- An operator says what remains; no row where the plan has no quota.
insert into quota_usage as q (plan_id, key_id, period_start, used, adjusted)
select p.id, $2, quota_period_start(p.quota_period, p.quota_offset, now()),
    p.quota_limit - $3, p.quota_limit - $3
from usage_plan p
where p.id = $1 and p.quota_limit is not null
on conflict (plan_id, key_id, period_start)
do update set used = excluded.used, adjusted = q.adjusted + excluded.used - q.used,
    epoch = q.epoch + 1
returning used
;
-- share_quota_locks
-- Keeps edits of these plans' quotas away until the transaction ends, and waits for those that run
-- or wait. In the order of the locks, so that nobody deadlocks.
select pg_advisory_xact_lock_shared(lock)
from (select distinct quota_lock(id) as lock from unnest($1::text[]) as p (id) order by lock) as sorted
;
-- take_quota
-- Takes parts of quotas for one instance of $8, or finds that nothing remains. In the order of
-- their keys, so that instances do not deadlock. A row without `used` does not exist yet.
--
-- What a plan sets is read here, because the instance may know an older setting: what is taken
-- counts in the period that runs by the newest one. Edits wait meanwhile (share_quota_locks), and
-- the time is that of this statement, after it waited for them. Where the plan has no
-- quota any more, the instance's own setting holds until it learns of that.
with plan as materialized (
    select p.id, p.quota_limit, p.quota_period, p.quota_offset
    from usage_plan p
    where p.id = any ($1::text[])
),
given as materialized (
    select g.plan_id, g.key_id, g.pending, g.wanted, coalesce(p.quota_limit, g.most) as most,
        quota_period_start(c.period, c.start_day, statement_timestamp()) as period_start,
        quota_period_end(c.period, c.start_day, statement_timestamp()) as period_end
    from unnest(
        $1::text[], $2::text[], $3::bigint[], $4::text[], $5::integer[], $6::bigint[], $7::bigint[]
    ) as g (plan_id, key_id, most, period, start_day, pending, wanted)
    join plan p on p.id = g.plan_id
    cross join lateral (
        select coalesce(p.quota_period, g.period) as period,
            coalesce(p.quota_offset, g.start_day) as start_day
    ) as c
),
locked as materialized (
    select q.plan_id, q.key_id, q.used, q.epoch, q.leased_at, g.most, g.pending, g.wanted,
        q.period_start, g.most - q.used as remaining
    from given g
    join quota_usage q using (plan_id, key_id, period_start)
    order by q.plan_id, q.key_id
    for update of q
),
-- What waits is spent at once. Beyond that, a share that leaves enough for the other instances.
granted as materialized (
    select l.*, least(l.remaining, greatest(l.pending, case
        when l.remaining < 100 * $8::bigint then 0
        else least(l.remaining / (4 * $8::bigint), l.wanted)
    end)) as granted
    from locked l
    where l.remaining > 0
),
taken as (
    update quota_usage q
    set used = q.used + g.granted,
        leased_at = case when g.granted > g.pending then now() else q.leased_at end
    from granted g
    where q.plan_id = g.plan_id and q.key_id = g.key_id and q.period_start = g.period_start
        and g.granted > 0
    returning q.plan_id, q.key_id, q.used, g.granted
)
select g.plan_id, g.key_id, g.most, g.period_start, l.epoch,
    coalesce(t.granted, 0) as granted,
    coalesce(t.used, l.used) as used,
    extract(epoch from g.period_end - statement_timestamp())::double precision as seconds_left,
    coalesce(l.leased_at > now() - interval '4 seconds', false) as leased_lately
from given g
left join locked l using (plan_id, key_id)
left join taken t using (plan_id, key_id)
;
-- terminate_append_blocker
-- Ends the sessions of ours that hold the append lock while their client says nothing: a peer that
-- froze between Execute and Sync keeps its implicit transaction, and with it the lock, for ever.
select count(*) filter (where pg_terminate_backend(holder.pid))
from pg_locks holder
join pg_stat_activity session on session.pid = holder.pid
where holder.locktype = 'advisory'
  and holder.granted
  and holder.database = (select oid from pg_database where datname = current_database())
  and (holder.classid::bigint << 32) | holder.objid::bigint = 7307188371253121
  and holder.objsubid = 1
  and holder.pid <> pg_backend_pid()
  and session.application_name = $1
  and session.wait_event = 'ClientRead'
;
-- touch_keys
-- When these keys were last used. One that is being changed is left for the next time.
update api_key k set last_used_at = greatest(k.last_used_at, used.at)
from (
    select k.id, max(g.at) as at
    from unnest($1::text[], $2::timestamptz[]) as g (id, at)
    join (select id from api_key where id = any($1::text[]) order by id for update skip locked) as k
        on k.id = g.id
    group by k.id
) as used
where k.id = used.id
;
-- unarchive_compare
-- How many events each archived game ($1, lines of an archive) has in the archive, how many of them
-- are in the log as they are there, and how many events it has in the log.
with given as (
    select (kept.line ->> 'gameId')::uuid as game_id, e.*
    from (select line::jsonb from unnest($1::text[]) as l (line)) as kept
    cross join lateral jsonb_to_recordset(kept.line -> 'events') as e (
        position bigint, version integer, stage text, variant text, rules smallint, type text,
        schema smallint, data jsonb, actor uuid, at timestamptz
    )
)
select g.game_id, count(*)::integer as archived,
       count(*) filter (where (e.position, e.stage, e.variant, e.rules, e.type, e.schema,
                               e.data::text, e.actor, e.at)
                            = (g.position, g.stage, g.variant, g.rules, g.type, g.schema,
                               g.data::text, g.actor, g.at))::integer as equal,
       (select count(*) from event there where there.game_id = g.game_id)::integer as there
from given g
left join event e on e.game_id = g.game_id and e.version = g.version
group by g.game_id
;
-- unarchive_put
-- Puts the events of archived games ($1, lines of an archive) back where they were. What is not
-- returned met another event at its position.
with given as (
    select (kept.line ->> 'gameId')::uuid as game_id, e.*
    from (select line::jsonb from unnest($1::text[]) as l (line)) as kept
    cross join lateral jsonb_to_recordset(kept.line -> 'events') as e (
        position bigint, version integer, stage text, variant text, rules smallint, type text,
        schema smallint, data jsonb, actor uuid, at timestamptz
    )
)
insert into event
    (position, game_id, version, stage, variant, rules, type, schema, data, actor, at)
select position, game_id, version, stage, variant, rules, type, schema, data, actor, at
from given
on conflict do nothing
returning game_id, version
;
-- update_deployment
-- What was deployed stays as it is; only what is said of it changes.
update deployment set description = $2 where id = $1
;
-- update_key
update api_key
set name = $2, description = $3, customer_id = $4, enabled = $5, tags = $6, expires_at = $7,
    updated_at = now()
where id = $1
returning id, name, description, customer_id, enabled, tags,
          created_at, updated_at, expires_at, last_used_at
;
-- update_rest_api
update rest_api set name = $1, description = $2, tags = $3
;
-- update_usage_plan
update usage_plan
set name = $2, description = $3, product_code = $4, rate = $5, burst = $6,
    quota_limit = $7, quota_offset = $8, quota_period = $9, tags = $10, updated_at = now()
where id = $1
;
-- usage_of_plan
-- Each day of each key, and what remained of the quota then: at the end of a day that is past, and
-- now of today. Keys that have left the plan or were deleted are listed where they called on one
-- of the days.
with days as not materialized (
    select key_id, day, used from usage_day where plan_id = $1
    union all
    select key_id, day, used from usage_of_deleted_key where plan_id = $1
),
here as (
    select k.key_id, p.quota_limit, p.quota_period, p.quota_offset
    from (
        select key_id from usage_plan_key where plan_id = $1
        union
        select key_id from days where day between $3::date and $4::date
    ) k
    join usage_plan p on p.id = $1
    where ($2::text is null or k.key_id = $2)
      and ($5::text is null or k.key_id > $5)
    order by k.key_id
    limit $6
)
select h.key_id, d.day::date as day, coalesce(u.used, 0) as used,
    h.quota_limit - case
        when d.day = date_trunc('day', now() at time zone 'UTC') and q.used is not null then q.used
        else (
            select coalesce(sum(s.used), 0)::bigint
            from days s
            where s.key_id = h.key_id and s.day <= d.day::date
              and s.day >= (quota_period_start(
                  h.quota_period, h.quota_offset, d.day at time zone 'UTC') at time zone 'UTC')::date
        )
    end as remaining
from here h
cross join generate_series($3::date::timestamp, $4::date::timestamp, interval '1 day') as d (day)
left join days u on u.key_id = h.key_id and u.day = d.day::date
left join quota_usage q on q.plan_id = $1 and q.key_id = h.key_id
    and q.period_start = quota_period_start(h.quota_period, h.quota_offset, now())
order by h.key_id, d.day
;
