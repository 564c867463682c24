-- gate_head
-- What tells whether the gate's tables have changed, and the database's clock.
select generation, (select epoch from log), clock_timestamp() from gate
