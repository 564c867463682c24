-- schema_oldest
-- The oldest schema whose release may serve this database.
select oldest from schema_support
