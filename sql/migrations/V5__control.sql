-- The control plane: who changed what. Rows are only ever added, in the transaction of the change.
create table audit (
    id bigint generated always as identity primary key,
    at timestamptz not null default now(),
    actor text not null,
    action text not null,
    target text not null,
    before jsonb,
    after jsonb
);
