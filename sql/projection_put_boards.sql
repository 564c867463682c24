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
