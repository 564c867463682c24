//! Private games are to strangers as if they were not.

use serde_json::json;
use turnkey::game::{GameId, PlayerId};
use turnkey::play::{Caller, PlayError, ReadEvents};
use uuid::Uuid;

use crate::world::{World, as_player, code, move_request, stranger};

/// What every call on a game answers to `caller`.
async fn answers(world: &World, caller: &Caller, game: &str) -> Vec<String> {
    let play = &world.play;
    let page = ReadEvents::parse(None, None).unwrap();
    let shown = |error: PlayError| format!("{error:?}");
    vec![
        play.read_game(caller, game, None).await.map(|_| ()),
        play.read_game(caller, game, Some(1)).await.map(|_| ()),
        play.read_game(caller, game, Some(77)).await.map(|_| ()),
        play.read_events(caller, game, page).await.map(|_| ()),
        play.make_move(caller, move_request(game, 0, Some(2)))
            .await
            .map(|_| ()),
        play.make_move(caller, move_request(game, 9, None))
            .await
            .map(|_| ()),
        play.resign_game(caller, game).await.map(|_| ()),
        play.offer_draw(caller, game).await.map(|_| ()),
        play.decline_draw(caller, game).await.map(|_| ()),
        play.rematch_game(caller, game).await.map(|_| ()),
        play.watch_check(game, &caller.stage, caller.player)
            .await
            .map(|_| ()),
    ]
    .into_iter()
    .map(|answer| answer.map_or_else(shown, |()| "an answer".into()))
    .collect()
}

#[tokio::test]
async fn a_strangers_answers_are_those_of_no_game() {
    let world = World::new().await;
    let table = world.table_of(json!({"visibility": "private"})).await;
    let other = world.table().await.ann;
    let unknown = GameId(Uuid::now_v7()).to_string();
    let finished = world.table_of(json!({"visibility": "private"})).await;
    world
        .play
        .resign_game(&finished.ann, &finished.game_id)
        .await
        .unwrap();
    for caller in [other, stranger()] {
        let expected = answers(&world, &caller, &unknown).await;
        for game in [&table.game_id, &finished.game_id] {
            assert_eq!(answers(&world, &caller, game).await, expected);
        }
        for malformed in ["", "x", "\0", &unknown.replace('-', "")] {
            assert_eq!(answers(&world, &caller, malformed).await, expected);
        }
    }
    // Both who sit may look.
    for player in [&table.ann, &table.bob] {
        assert!(
            world
                .play
                .read_game(player, &table.game_id, None)
                .await
                .is_ok()
        );
    }
}

#[tokio::test]
async fn a_game_of_another_stage_is_unknown_even_to_its_players() {
    let world = World::new().await;
    let table = world.table().await;
    let mut elsewhere = table.ann.clone();
    elsewhere.stage = "prod".parse().unwrap();
    let unknown = GameId(Uuid::now_v7()).to_string();
    assert_eq!(
        answers(&world, &elsewhere, &table.game_id).await,
        answers(&world, &elsewhere, &unknown).await
    );
}

#[tokio::test]
async fn a_used_invite_shows_nothing_of_a_private_game() {
    let world = World::new().await;
    let body = json!({"visibility": "private"});
    let created = world.create(&stranger(), body).await.value;
    let invite = created.invite.unwrap();
    world.join(&stranger(), &invite).await.unwrap();
    match world.join(&stranger(), &invite).await.unwrap_err() {
        PlayError::SeatTaken { game: None } => {}
        error => panic!("{error:?}"),
    }
    let nobody = as_player(PlayerId(Uuid::now_v7()));
    let refused = world.join(&nobody, &invite).await.unwrap_err();
    assert_eq!(code(&refused), "seat_taken");
}
