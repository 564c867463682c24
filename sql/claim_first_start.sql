-- claim_first_start
-- Returns a row to the one start that is to make the first stage, plan and key.
update gate set seeded_at = now() where seeded_at is null returning seeded_at
