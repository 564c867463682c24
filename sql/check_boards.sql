-- check_boards
select game_id, stage, variant, rules, version, status, turn, board, seats, result, position,
       created_at, updated_at
from board
where generation = $1 and game_id = any ($2)
