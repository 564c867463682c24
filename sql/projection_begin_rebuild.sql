-- projection_begin_rebuild
-- A new generation to be filled beside the live one; one that was left half-filled is gone on with.
insert into projection (name, generation, position)
select 'games-next', generation + 1, 0 from projection where name = 'games'
on conflict (name) do update set updated_at = now()
returning generation, position
