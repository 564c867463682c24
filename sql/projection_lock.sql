-- projection_lock
-- Nobody projects, nor begins a rebuild, until the transaction ends.
lock table projection in share row exclusive mode
