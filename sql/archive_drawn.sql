-- archive_drawn
-- The last position that was given out.
select last_value from event_position
