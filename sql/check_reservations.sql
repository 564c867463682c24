-- check_reservations
-- How many games are reserved and not begun: by an idempotency key, or by an invite.
select count(*)
from (
    select game_id from request_key where game_id is not null
    union
    select game_id from invite
) as reserved
where not exists (select from event e where e.game_id = reserved.game_id)
