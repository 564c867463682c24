-- insert_data_key
insert into data_key (key, wrapped) values ($1, $2)
