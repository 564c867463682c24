-- renew_epoch
-- A new course of history begins: every reader starts anew.
update log set epoch = gen_random_uuid() returning epoch
