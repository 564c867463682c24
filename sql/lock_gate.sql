-- lock_gate
-- Changes of the gate's tables follow one another.
select generation from gate for update
