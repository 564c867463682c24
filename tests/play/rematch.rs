//! The next game, from both sides and after every kind of interruption.

use serde_json::json;
use turnkey::play::{Answer, PlayError, Success};

use crate::world::{World, as_player, stranger, word};

#[tokio::test]
async fn seats_are_swapped_and_both_come_to_the_same_game() {
    let world = World::new().await;
    let table = world.finished().await;
    let game = table.game_id.as_str();
    let ann = world.play.rematch_game(&table.ann, game).await.unwrap();
    assert_eq!((ann.success, ann.replayed), (Success::Created, false));
    assert_eq!((ann.value.seat, ann.value.game.status), ("O", "waiting"));
    assert_eq!((&ann.value.invite, &ann.value.game.invite), (&None, &None));
    let again = world.play.rematch_game(&table.ann, game).await.unwrap();
    assert_eq!((again.success, again.replayed), (Success::Done, true));

    let bob = world.play.rematch_game(&table.bob, game).await.unwrap();
    assert_eq!((bob.success, bob.replayed), (Success::Done, false));
    assert_eq!((bob.value.seat, bob.value.game.status), ("X", "playing"));
    assert_eq!(bob.value.game.game_id, ann.value.game.game_id);
    let again = world.play.rematch_game(&table.bob, game).await.unwrap();
    assert!(again.replayed);

    let old = world.play.read_game(&stranger(), game, None).await.unwrap();
    assert_eq!(old.value.rematch, Some(ann.value.game.game_id));
    assert_eq!(old.value.version, 8);
    assert_eq!(world.events().await, 8 + 2);
}

#[tokio::test]
async fn both_at_once_make_one_game() {
    let world = World::new().await;
    for _ in 0..5 {
        let table = world.finished().await;
        let before = world.events().await;
        let instances = [world.play.clone(), world.another().await];
        let calls = [&table.ann, &table.bob, &table.ann, &table.bob]
            .into_iter()
            .zip(instances.iter().cycle())
            .map(|(caller, play)| {
                let (play, caller, game) = (play.clone(), caller.clone(), table.game_id.clone());
                tokio::spawn(async move { play.rematch_game(&caller, &game).await })
            });
        let mut answers: Vec<Answer<_>> = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            answers.push(call.await.unwrap().unwrap());
        }
        let first = answers[0].value.game.game_id;
        assert!(
            answers
                .iter()
                .all(|answer| answer.value.game.game_id == first)
        );
        let created = answers
            .iter()
            .filter(|answer| answer.success == Success::Created);
        assert_eq!(created.count(), 1);
        // Two events make the next game, one the link to it.
        assert_eq!(world.events().await, before + 3);
    }
}

#[tokio::test]
async fn a_crash_between_the_two_events_is_made_good() {
    let world = World::new().await;
    let table = world.finished().await;
    let game = table.game_id.as_str();
    let first = world.play.rematch_game(&table.ann, game).await.unwrap();
    world
        .execute("delete from event where type = 'rematch_created'")
        .await;
    world.play.games().forget_all();
    let bob = world.play.rematch_game(&table.bob, game).await.unwrap();
    assert_eq!(bob.value.game.game_id, first.value.game.game_id);
    let old = world.play.read_game(&stranger(), game, None).await.unwrap();
    assert_eq!(old.value.rematch, Some(first.value.game.game_id));
}

#[tokio::test]
async fn not_before_the_end_and_not_for_others() {
    let world = World::new().await;
    let table = world.table().await;
    let game = table.game_id.as_str();
    let early = world.play.rematch_game(&table.ann, game).await;
    assert_eq!(word(&early), "game_not_over");
    world.play.resign_game(&table.ann, game).await.unwrap();
    let other = world.table().await.ann;
    let passer_by = world.play.rematch_game(&other, game).await;
    assert_eq!(word(&passer_by), "not_seated");
    let nobody = world.play.rematch_game(&stranger(), game).await;
    assert_eq!(word(&nobody), "player_token_required");
}

#[tokio::test]
async fn who_comes_after_the_next_game_was_given_up_is_told() {
    let world = World::new().await;
    let table = world.finished().await;
    let game = table.game_id.as_str();
    let next = world.play.rematch_game(&table.ann, game).await.unwrap();
    let next_id = next.value.game.game_id.to_string();
    world.play.resign_game(&table.ann, &next_id).await.unwrap();
    match world.play.rematch_game(&table.bob, game).await.unwrap_err() {
        PlayError::GameOver { game: Some(game) } => {
            assert_eq!(game.game_id.to_string(), next_id);
        }
        error => panic!("{error:?}"),
    }
}

#[tokio::test]
async fn against_oneself_it_plays_at_once_and_keeps_what_was_chosen() {
    let world = World::new().await;
    let body = json!({"opponent": "self", "visibility": "private"});
    let created = world.create(&stranger(), body).await.value;
    let me = as_player(created.player.as_ref().unwrap().player_id);
    let game = created.game.game_id.to_string();
    world.play.resign_game(&me, &game).await.unwrap();
    let next = world.play.rematch_game(&me, &game).await.unwrap();
    assert_eq!(next.success, Success::Created);
    let view = &next.value.game;
    assert_eq!((view.status, view.visibility), ("playing", "private"));
    assert_eq!(view.your_seats.as_deref(), Some(&["X", "O"][..]));
    let again = world.play.rematch_game(&me, &game).await.unwrap();
    assert!(again.replayed);
}
