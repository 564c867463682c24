-- projection_sweep_my_game
-- Rows of generations before the live one, a few at a time.
delete from my_game
where ctid in (
    select ctid from my_game
    where generation < (select generation from projection where name = 'games')
    limit 5000
)
