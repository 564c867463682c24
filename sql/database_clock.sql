-- database_clock
select clock_timestamp()
