//! Draws and resignations, in every order that matters.

use serde_json::json;
use turnkey::play::Caller;

use crate::world::{World, as_player, move_request, seated, stranger, word};

impl World {
    async fn offer(&self, caller: &Caller, game: &str) -> &'static str {
        word(&self.play.offer_draw(caller, game).await)
    }

    async fn decline(&self, caller: &Caller, game: &str) -> &'static str {
        word(&self.play.decline_draw(caller, game).await)
    }

    async fn resign(&self, caller: &Caller, game: &str) -> &'static str {
        word(&self.play.resign_game(caller, game).await)
    }
}

#[tokio::test]
async fn an_offer_stands_is_declined_and_comes_again_after_a_move() {
    let world = World::new().await;
    let table = world.table().await;
    let (ann, bob, game) = (&table.ann, &table.bob, table.game_id.as_str());
    assert_eq!(world.decline(bob, game).await, "no_draw_offer");
    assert_eq!(world.offer(ann, game).await, "done");
    assert_eq!(world.offer(ann, game).await, "replayed");
    assert_eq!(world.decline(bob, game).await, "done");
    assert_eq!(world.decline(bob, game).await, "replayed");
    assert_eq!(world.decline(ann, game).await, "no_draw_offer");
    assert_eq!(world.offer(ann, game).await, "draw_already_offered");
    world
        .play
        .make_move(ann, move_request(game, 0, None))
        .await
        .unwrap();
    assert_eq!(world.offer(ann, game).await, "done");
    assert_eq!(world.offer(bob, game).await, "done");
    assert_eq!(world.offer(bob, game).await, "replayed");
    assert_eq!(world.offer(ann, game).await, "replayed");
    let shown = world.play.read_game(ann, game, None).await.unwrap().value;
    let agreed = json!({"outcome": "draw", "by": "agreement"});
    assert_eq!(shown.result, Some(agreed));
    assert_eq!(world.decline(ann, game).await, "game_over");
    assert_eq!(world.resign(ann, game).await, "game_over");
}

#[tokio::test]
async fn a_resignation_is_repeatable() {
    let world = World::new().await;
    let table = world.table().await;
    let game = table.game_id.as_str();
    assert_eq!(world.resign(&table.ann, game).await, "done");
    assert_eq!(world.resign(&table.ann, game).await, "replayed");
    assert_eq!(world.resign(&table.bob, game).await, "game_over");
    let shown = world.play.read_game(&table.bob, game, None).await.unwrap();
    let resigned = json!({"outcome": "win", "winner": "O", "winners": ["O"], "by": "resignation"});
    assert_eq!(shown.value.result, Some(resigned));
}

#[tokio::test]
async fn a_waiting_game_has_no_draws_and_is_abandoned() {
    let world = World::new().await;
    let created = world.create(&stranger(), json!({})).await.value;
    let (ann, game) = (seated(&created), created.game.game_id.to_string());
    assert_eq!(world.offer(&ann, &game).await, "not_started");
    assert_eq!(world.decline(&ann, &game).await, "not_started");
    let moved = world
        .play
        .make_move(&ann, move_request(&game, 0, Some(1)))
        .await;
    assert_eq!(word(&moved), "not_started");
    assert_eq!(world.resign(&ann, &game).await, "done");
    assert_eq!(world.resign(&ann, &game).await, "replayed");
    let rematch = world.play.rematch_game(&ann, &game).await;
    assert_eq!(word(&rematch), "not_started");
    let late = world
        .join(&stranger(), created.invite.as_ref().unwrap())
        .await;
    assert_eq!(word(&late), "game_over");
    // The late one's player was not kept.
    assert_eq!(world.count("player").await, 1);
}

#[tokio::test]
async fn against_oneself_a_draw_is_agreed_at_once() {
    let world = World::new().await;
    let created = world.create(&stranger(), json!({"opponent": "self"})).await;
    let me = as_player(created.value.player.as_ref().unwrap().player_id);
    let game = created.value.game.game_id.to_string();
    assert_eq!(world.offer(&me, &game).await, "done");
    let shown = world.play.read_game(&me, &game, None).await.unwrap();
    assert_eq!(shown.value.status, "finished");
    assert_eq!(world.offer(&me, &game).await, "replayed");
}
