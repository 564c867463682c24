-- projection_put_my_games
insert into my_game (generation, player_id, game_id, stage, status, my_turn, position, updated_at)
select $1, g.*
from unnest($2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::boolean[], $7::bigint[],
            $8::timestamptz[]) as g
on conflict (generation, player_id, game_id) do update
set status = excluded.status, my_turn = excluded.my_turn, position = excluded.position,
    updated_at = excluded.updated_at
