-- check_snapshot
-- Names what this transaction sees, so that others can see the same.
select pg_export_snapshot()
