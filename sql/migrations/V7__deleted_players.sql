-- A player who deletes their account is marked first. Their tokens are refused from then on, their
-- games are ended, and the row goes last. There is no index: building one would hold up every write
-- to the table while the release before still serves, and the mark is only searched for once an hour.
alter table player add column deleted_at timestamptz;
