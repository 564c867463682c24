//! Moves: repeats, conflicts, races, and callers who hang up.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use serde_json::json;
use turnkey::play::{MakeMove, PlayError};

use crate::world::{World, as_player, code, move_request, stranger, word};

#[tokio::test]
async fn a_whole_game() {
    let world = World::new().await;
    let table = world.table().await;
    let game = world.play_out(&table, &[0, 4, 1, 5, 2]).await;
    assert_eq!(
        (game.status, game.version, game.turn),
        ("finished", 7, None)
    );
    let line =
        json!({"outcome": "win", "winner": "X", "winners": ["X"], "by": "line", "line": [0, 1, 2]});
    assert_eq!(game.result, Some(line));
    assert!(game.legal_moves.is_empty());
    assert_eq!(world.events().await, 7);
}

#[tokio::test]
async fn a_repeat_is_told_from_a_conflict() {
    let world = World::new().await;
    let table = world.table().await;
    let game = &table.game_id;
    let play = &world.play;
    let try_move = async |caller, cell, version| {
        word(
            &play
                .make_move(caller, move_request(game, cell, version))
                .await,
        )
    };
    assert_eq!(try_move(&table.bob, 4, Some(2)).await, "not_your_turn");
    assert_eq!(try_move(&table.ann, 4, Some(3)).await, "version_conflict");
    assert_eq!(
        try_move(&table.ann, 4, Some(2_147_483_647)).await,
        "version_conflict"
    );
    assert_eq!(try_move(&table.ann, 4, Some(1)).await, "version_conflict");
    assert_eq!(try_move(&table.ann, 9, Some(2)).await, "illegal_move");
    assert_eq!(try_move(&table.ann, 4, Some(2)).await, "done");
    assert_eq!(try_move(&table.ann, 4, Some(2)).await, "replayed");
    assert_eq!(try_move(&table.ann, 5, Some(2)).await, "version_conflict");
    assert_eq!(try_move(&table.bob, 4, Some(2)).await, "version_conflict");
    assert_eq!(try_move(&table.bob, 4, Some(3)).await, "cell_taken");
    assert_eq!(try_move(&table.ann, 0, None).await, "not_your_turn");
    assert_eq!(try_move(&table.bob, 0, None).await, "done");
    // The other player's answer does not make the repeat another move.
    assert_eq!(try_move(&table.ann, 4, Some(2)).await, "replayed");
    play.offer_draw(&table.bob, game).await.unwrap();
    assert_eq!(try_move(&table.ann, 1, Some(4)).await, "done");
    assert_eq!(try_move(&table.ann, 1, Some(5)).await, "replayed");
    play.resign_game(&table.bob, game).await.unwrap();
    assert_eq!(try_move(&table.ann, 1, Some(4)).await, "replayed");
    assert_eq!(try_move(&table.bob, 8, Some(6)).await, "version_conflict");
    assert_eq!(try_move(&table.bob, 8, Some(7)).await, "game_over");
}

#[tokio::test]
async fn who_does_not_sit_is_told_so_before_anything_else() {
    let world = World::new().await;
    let table = world.table().await;
    let passer_by = world.table().await.ann;
    let request = |version| move_request(&table.game_id, 4, Some(version));
    for version in [1, 2, 99] {
        let answer = world.play.make_move(&passer_by, request(version)).await;
        assert_eq!(word(&answer), "not_seated");
    }
    let answer = world.play.make_move(&stranger(), request(2)).await;
    assert_eq!(word(&answer), "player_token_required");
}

#[tokio::test]
async fn a_conflict_shows_the_current_game() {
    let world = World::new().await;
    let table = world.table().await;
    world.play_out(&table, &[0, 4]).await;
    let late = move_request(&table.game_id, 8, Some(2));
    match world.play.make_move(&table.ann, late).await.unwrap_err() {
        PlayError::VersionConflict { game } => {
            assert_eq!((game.version, game.turn), (4, Some("X")));
            assert_eq!(game.your_seats, Some(vec!["X"]));
        }
        error => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn moves_that_are_none() {
    let world = World::new().await;
    let table = world.table().await;
    let body = |change: &str| {
        format!(r#"{{"gameId":"{}","move":4,"version":2}}"#, table.game_id).replace(
            change.split_once("=>").unwrap().0,
            change.split_once("=>").unwrap().1,
        )
    };
    for change in [
        "\"version\":2=>\"version\":0",
        "\"version\":2=>\"version\":-1",
        "\"version\":2=>\"version\":2147483648",
        "\"version\":2=>\"version\":9223372036854775808",
        "\"version\":2=>\"version\":\"2\"",
        "\"version\":2=>\"x\":2",
        "\"move\":4,=>",
        "\"gameId\"=>\"game\"",
    ] {
        let parsed = MakeMove::parse(body(change).as_bytes());
        assert_eq!(code(&parsed.unwrap_err()), "malformed", "{change}");
    }
    for (change, answer) in [
        ("\"move\":4=>\"move\":\"4\"", "malformed"),
        ("\"move\":4=>\"move\":1.5", "malformed"),
        ("\"move\":4=>\"move\":9", "illegal_move"),
        ("\"move\":4=>\"move\":-1", "illegal_move"),
    ] {
        let request = MakeMove::parse(body(change).as_bytes()).unwrap();
        let answered = world.play.make_move(&table.ann, request).await;
        assert_eq!(word(&answered), answer, "{change}");
    }
    assert_eq!(world.events().await, 2);
}

#[tokio::test]
async fn of_simultaneous_moves_one_is_made() {
    let world = World::new().await;
    let table = world.table().await;
    let instances = [
        world.play.clone(),
        world.another().await,
        world.another().await,
    ];
    let attempts = (0..27).map(|attempt| {
        let play = instances[attempt % 3].clone();
        let ann = table.ann.clone();
        let cell = i64::try_from(attempt % 9).unwrap();
        let request = move_request(&table.game_id, cell, Some(2));
        tokio::spawn(async move { (cell, word(&play.make_move(&ann, request).await)) })
    });
    let mut answers = Vec::new();
    for attempt in attempts.collect::<Vec<_>>() {
        answers.push(attempt.await.unwrap());
    }
    let made: Vec<_> = answers.iter().filter(|(_, word)| *word == "done").collect();
    assert_eq!(made.len(), 1, "{answers:?}");
    for (cell, word) in &answers {
        let expected: &[&str] = if *cell == made[0].0 {
            &["done", "replayed"]
        } else {
            &["version_conflict"]
        };
        assert!(expected.contains(word), "{answers:?}");
    }
    assert_eq!(world.events().await, 3);
}

#[tokio::test]
async fn a_caller_who_hangs_up_has_moved_all_the_same() {
    let world = World::new().await;
    let table = world.table().await;
    {
        let request = move_request(&table.game_id, 4, Some(2));
        let call = pin!(world.play.make_move(&table.ann, request));
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(call.poll(&mut context), Poll::Pending));
    }
    let end = tokio::time::Instant::now() + Duration::from_secs(10);
    while world.events().await < 3 {
        assert!(
            tokio::time::Instant::now() < end,
            "the move was not recorded"
        );
    }
}

#[tokio::test]
async fn pass_and_play_moves_for_whose_turn_it_is() {
    let world = World::new().await;
    let created = world.create(&stranger(), json!({"opponent": "self"})).await;
    let game = &created.value.game;
    assert_eq!(game.status, "playing");
    assert_eq!(game.your_seats.as_deref(), Some(&["X", "O"][..]));
    assert_eq!(created.value.invite, None);
    let me = as_player(created.value.player.as_ref().unwrap().player_id);
    let game_id = game.game_id.to_string();
    for (version, cell) in (1..).zip([0, 3, 1, 4, 2]) {
        let request = move_request(&game_id, cell, Some(version));
        let moved = world.play.make_move(&me, request).await;
        assert_eq!(word(&moved), "done");
    }
    let shown = world.play.read_game(&me, &game_id, None).await.unwrap();
    assert_eq!(shown.value.status, "finished");
}
