-- list_methods
select path, verb, api_key_required from method
