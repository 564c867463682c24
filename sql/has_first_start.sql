-- has_first_start
select seeded_at is not null from gate
