-- projection_sweep_board
-- Rows of generations before the live one, a few at a time.
delete from board
where ctid in (
    select ctid from board
    where generation < (select generation from projection where name = 'games')
    limit 5000
)
