-- A player who deletes their account is marked first. Their tokens are refused from then on, their
-- games are ended, and the row goes last.
alter table player add column deleted_at timestamptz;

create index player_deleted on player (deleted_at) where deleted_at is not null;
