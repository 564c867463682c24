-- projection_quarantine
insert into quarantine (generation, game_id, error)
select $1, g.* from unnest($2::uuid[], $3::text[]) as g
on conflict (generation, game_id) do update set error = excluded.error, at = now()
