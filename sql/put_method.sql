-- put_method
insert into method (path, verb, api_key_required) values ($1, $2, $3)
on conflict (path, verb) do update set api_key_required = excluded.api_key_required
