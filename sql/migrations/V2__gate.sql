-- The gate: which app may call which stage, and how often. Every instance compiles these tables
-- into one snapshot and reads them again when the generation has changed.

-- One row: the one API that a server hosts.
create table rest_api (
    id text primary key check (id = 'turnkey'),
    name text not null,
    description text,
    tags jsonb not null default '{}',
    created_at timestamptz not null default now()
);

insert into rest_api (id, name) values ('turnkey', 'turnkey');

-- What an operator has set for a method and not yet deployed. A method without a row needs a key.
create table method (
    path text not null,
    verb text not null,
    api_key_required boolean not null,
    primary key (path, verb)
);

-- An immutable snapshot: `methods` is {"path": {"VERB": needs a key}}, a method that is not in it
-- needs one; `rules` is {"variant": rules version}.
create table deployment (
    id text primary key,
    description text,
    methods jsonb not null,
    rules jsonb not null,
    created_at timestamptz not null default now()
);

create table stage (
    name text primary key,
    deployment_id text not null references deployment (id),
    description text,
    variables jsonb not null default '{}',
    method_settings jsonb not null default '{}',
    tags jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now()
);

create index stage_deployment on stage (deployment_id);

-- An app. What it sends is in api_key_value.
create table api_key (
    id text primary key,
    name text,
    description text,
    customer_id text,
    enabled boolean not null,
    tags jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    expires_at timestamptz,
    last_used_at timestamptz
);

-- The lists that the control plane shows are newest first.
create index api_key_created on api_key (created_at desc, id desc);

-- The values that a key answers to: one, and for the length of a rotation two. `lookup` narrows
-- a value down to a few rows, `phc` is the Argon2id hash that it must fit.
create table api_key_value (
    id bigint generated always as identity primary key,
    key_id text not null references api_key (id) on delete cascade,
    lookup text not null,
    phc text not null,
    created_at timestamptz not null default now(),
    expires_at timestamptz
);

create index api_key_value_key on api_key_value (key_id);
create index api_key_value_lookup on api_key_value (lookup);

create table usage_plan (
    id text primary key,
    name text not null,
    description text,
    product_code text,
    rate double precision check (rate >= 0),
    burst integer check (burst >= 0),
    quota_limit bigint check (quota_limit >= 0),
    quota_offset integer,
    quota_period text check (quota_period in ('DAY', 'WEEK', 'MONTH')),
    tags jsonb not null default '{}',
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    check ((rate is null) = (burst is null)),
    check ((quota_limit is null) = (quota_period is null)),
    check ((quota_limit is null) = (quota_offset is null))
);

create index usage_plan_created on usage_plan (created_at desc, id desc);

-- `throttle` is {"path/VERB": {"rateLimit": a second, "burstLimit": calls}}.
create table usage_plan_stage (
    plan_id text not null references usage_plan (id) on delete cascade,
    stage text not null references stage (name) on delete cascade,
    throttle jsonb not null default '{}',
    created_at timestamptz not null default now(),
    primary key (plan_id, stage)
);

create index usage_plan_stage_stage on usage_plan_stage (stage);

create table usage_plan_key (
    plan_id text not null references usage_plan (id) on delete cascade,
    key_id text not null references api_key (id) on delete cascade,
    created_at timestamptz not null default now(),
    primary key (plan_id, key_id)
);

create index usage_plan_key_key on usage_plan_key (key_id);

-- One row. The generation grows with every change that the gate must know of; whoever changes
-- something holds this row's lock until the commit, so generations are in commit order. `salt`
-- keeps the lookups of custom values from being compared between databases. `first_key` is the key
-- that the first start of an embedded database made, with a stage and a plan.
create table gate (
    one boolean primary key default true check (one),
    generation bigint not null,
    salt bytea not null,
    first_key text
);

insert into gate (generation, salt)
values (1, uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));

create function gate_changed() returns trigger language plpgsql as $$
begin
    update gate set generation = generation + 1;
    notify turnkey_gate;
    return null;
end
$$;

-- Statement triggers, so that rows changed by hand count as well. What the gate does not read
-- (tags, last use) is left out, so that writing it costs nobody a reload.
create trigger gate_changed after insert or delete or truncate
    or update of deployment_id on stage
    for each statement execute function gate_changed();
create trigger gate_changed after insert or delete or truncate
    or update of name, enabled, expires_at on api_key
    for each statement execute function gate_changed();
create trigger gate_changed after insert or delete or truncate or update on api_key_value
    for each statement execute function gate_changed();
create trigger gate_changed after insert or delete or truncate
    or update of name, rate, burst, quota_limit, quota_offset, quota_period on usage_plan
    for each statement execute function gate_changed();
create trigger gate_changed after insert or delete or truncate or update on usage_plan_stage
    for each statement execute function gate_changed();
create trigger gate_changed after insert or delete or truncate or update on usage_plan_key
    for each statement execute function gate_changed();

-- One key is in at most one plan per stage. Judged at the commit, so that a change may go through
-- states in between; commits of such changes wait for one another at the row of `gate`.
create function one_plan_per_stage() returns trigger language plpgsql as $$
declare
    -- The key that came to the plan, or null where a stage came to it: then each key of the plan.
    key text := case tg_table_name when 'usage_plan_key' then to_jsonb(new) ->> 'key_id' end;
begin
    if key is not null then
        perform from usage_plan_stage here
        join usage_plan_key other on other.key_id = key and other.plan_id <> here.plan_id
        join usage_plan_stage there on there.plan_id = other.plan_id and there.stage = here.stage
        where here.plan_id = new.plan_id;
    else
        perform from usage_plan_key mine
        join usage_plan_key other on other.key_id = mine.key_id and other.plan_id <> mine.plan_id
        join usage_plan_stage there
            on there.plan_id = other.plan_id and there.stage = to_jsonb(new) ->> 'stage'
        where mine.plan_id = new.plan_id;
    end if;
    if found then
        raise unique_violation using message = 'a key can be in one usage plan per stage only',
            constraint = 'one_plan_per_stage';
    end if;
    return null;
end
$$;

create constraint trigger one_plan_per_stage after insert or update on usage_plan_key
    deferrable initially deferred for each row execute function one_plan_per_stage();
create constraint trigger one_plan_per_stage after insert or update on usage_plan_stage
    deferrable initially deferred for each row execute function one_plan_per_stage();
