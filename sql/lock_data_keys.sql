-- lock_data_keys
-- Starts settle the keys one after another; reads go on.
lock table data_key in share row exclusive mode
