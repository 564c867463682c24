//! A cached game may accept a command, never refuse one; and reads are current.

use turnkey::play::Play;

use crate::support::postgres;
use crate::world::{World, move_request, stranger, word};

#[tokio::test]
async fn an_old_cached_game_refuses_nothing() {
    let world = World::new().await;
    let table = world.table().await;
    // Each instance has an old game in memory whenever the other one has recorded a move.
    let instances = [world.play.clone(), world.another().await];
    for play in &instances {
        play.read_game(&stranger(), &table.game_id, None)
            .await
            .unwrap();
    }
    let turns = [&table.ann, &table.bob].into_iter().cycle();
    for ((version, cell), caller) in (2..).zip([0, 4, 1, 5, 8]).zip(turns) {
        let play: &Play = &instances[version as usize % 2];
        let request = move_request(&table.game_id, cell, Some(version));
        assert_eq!(word(&play.make_move(caller, request).await), "done");
    }
}

#[tokio::test]
async fn an_old_cached_game_tells_no_conflict_and_no_stranger() {
    let world = World::new().await;
    let created = world
        .create(&stranger(), serde_json::json!({"visibility": "private"}))
        .await
        .value;
    let game_id = created.game.game_id.to_string();
    // Here the game has one event; the other instance lets Bob in and sees Ann move.
    let joined = {
        let other = world.another().await;
        let invite = crate::world::join_request(created.invite.as_ref().unwrap());
        let joined = other.join_game(&stranger(), invite, None).await.unwrap();
        let ann = crate::world::seated(&created);
        let request = move_request(&game_id, 0, Some(2));
        other.make_move(&ann, request).await.unwrap();
        joined
    };
    let bob = crate::world::seated(&joined.value);
    let request = move_request(&game_id, 4, Some(3));
    assert_eq!(word(&world.play.make_move(&bob, request).await), "done");
}

#[tokio::test]
async fn reads_are_current_on_every_instance() {
    let world = World::new().await;
    let table = world.table().await;
    let other = world.another().await;
    for (version, cell) in (2..).zip([0, 4, 1, 5]) {
        let caller = if version % 2 == 0 {
            &table.ann
        } else {
            &table.bob
        };
        let request = move_request(&table.game_id, cell, Some(version));
        world.play.make_move(caller, request).await.unwrap();
        let reads = (0..8).map(|_| {
            let (other, game_id) = (other.clone(), table.game_id.clone());
            tokio::spawn(async move { other.read_game(&stranger(), &game_id, None).await })
        });
        for read in reads.collect::<Vec<_>>() {
            assert_eq!(read.await.unwrap().unwrap().value.version, version + 1);
        }
    }
}

#[tokio::test]
async fn a_cached_game_ahead_of_a_log_that_was_set_back_is_not_shown_and_cannot_write() {
    let world = World::new().await;
    let table = world.table().await;
    world.play_out(&table, &[0, 4]).await;
    let client = postgres::client(&world.database).await;
    client
        .batch_execute("delete from event where version > 2")
        .await
        .unwrap();
    let request = move_request(&table.game_id, 8, Some(4));
    let moved = world.play.make_move(&table.ann, request).await;
    assert_eq!(word(&moved), "version_conflict");
    let read = world
        .play
        .read_game(&stranger(), &table.game_id, None)
        .await;
    assert_eq!(read.unwrap().value.version, 2);
    world.play.games().forget_all();
    let request = move_request(&table.game_id, 8, Some(2));
    assert_eq!(
        word(&world.play.make_move(&table.ann, request).await),
        "done"
    );
}

#[tokio::test]
async fn what_the_tail_brings_carries_cached_games_on() {
    let world = World::new().await;
    let table = world.table().await;
    let other = world.another().await;
    let game = table.game_id.parse().unwrap();
    other.games().current(game).await.unwrap();
    world.play_out(&table, &[0, 4]).await;
    let history = world.play.games().cached(game).unwrap();
    assert_eq!(history.version(), 4);
    other.games().observe(history.events());
    assert_eq!(other.games().cached(game).unwrap().version(), 4);
    // Behind a gap nothing can be carried on.
    let third = world.another().await;
    third.games().current(game).await.unwrap();
    world
        .play
        .make_move(&table.ann, move_request(&table.game_id, 1, Some(4)))
        .await
        .unwrap();
    world
        .play
        .resign_game(&table.bob, &table.game_id)
        .await
        .unwrap();
    let history = world.play.games().cached(game).unwrap();
    third.games().observe(&history.events()[5..]);
    assert!(third.games().cached(game).is_none());
    // Nothing is kept that nobody asked for.
    let fourth = world.another().await;
    fourth.games().observe(history.events());
    assert!(fourth.games().cached(game).is_none());
}
