-- projection_state
select generation, position from projection where name = $1
