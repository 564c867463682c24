-- archive_is_rebuilding
-- A rebuild that has read a page of the log writes the rows of its games later.
select exists (select from projection where name <> 'games')
