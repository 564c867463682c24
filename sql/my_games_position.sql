-- my_games_position
-- How far the list of games has come along the log.
select position from projection where name = 'games'
