-- What a key used is still to be told when the key is gone. Its rows in usage_day go with it.
create table usage_of_deleted_key (
    plan_id text not null references usage_plan (id) on delete cascade,
    key_id text not null,
    day date not null,
    used bigint not null,
    primary key (plan_id, key_id, day)
);

-- A trigger, so that it does not matter who deletes the key: the release before does not know of
-- this table.
create function keep_usage_of_deleted_key() returns trigger language plpgsql as $$
begin
    insert into usage_of_deleted_key (plan_id, key_id, day, used)
    select plan_id, key_id, day, used from usage_day where key_id = old.id;
    return old;
end
$$;

create trigger keep_usage_of_deleted_key before delete on api_key
    for each row execute function keep_usage_of_deleted_key();
