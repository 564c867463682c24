-- projection_sweep_quarantine
-- Rows of generations before the live one, a few at a time.
delete from quarantine
where ctid in (
    select ctid from quarantine
    where generation < (select generation from projection where name = 'games')
    limit 5000
)
