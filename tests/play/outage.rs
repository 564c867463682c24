//! A database that does not answer, or whose answer is lost.

use serde_json::json;
use turnkey::play::{PlayError, Unavailable};

use crate::support::proxy::Proxy;
use crate::world::{
    World, create_request, fresh_key, instance, move_request, request_key, stranger, word,
};

#[tokio::test]
async fn a_move_whose_answer_was_lost_is_made_once() {
    let world = World::new().await;
    let table = world.table().await;
    let proxy = Proxy::start(&world.database).await;
    let play = instance(&proxy.database()).await;
    proxy.drop_next_insert_answer();
    let request = move_request(&table.game_id, 4, Some(2));
    let moved = play.make_move(&table.ann, request.clone()).await;
    assert_eq!((word(&moved), proxy.dropped()), ("done", 1));
    let again = play.make_move(&table.ann, request).await;
    assert_eq!(word(&again), "replayed");
    assert_eq!(world.events().await, 3);
}

#[tokio::test]
async fn without_a_database_nothing_is_claimed() {
    let world = World::new().await;
    let table = world.table().await;
    let proxy = Proxy::start(&world.database).await;
    let play = instance(&proxy.database()).await;
    play.read_game(&stranger(), &table.game_id, None)
        .await
        .unwrap();
    proxy.interrupt();
    let nothing_sent = |error: PlayError| {
        let expected = Unavailable::NothingSent;
        assert!(matches!(error, PlayError::Unavailable(what) if what == expected));
    };
    let read = play.read_game(&stranger(), &table.game_id, None).await;
    nothing_sent(read.unwrap_err());
    let request = move_request(&table.game_id, 4, Some(2));
    let moved = play.make_move(&table.ann, request).await;
    assert_eq!(word(&moved), "unavailable");
    let (key, body) = (fresh_key(), json!({}));
    let reserved = request_key(&key, &body, &stranger());
    let created = play
        .create_game(&stranger(), create_request(&body), reserved)
        .await;
    assert_eq!(word(&created), "unavailable");
    assert_eq!(world.events().await, 2);
}

#[tokio::test]
async fn a_rematch_that_was_half_recorded_is_not_told_as_nothing() {
    let world = World::new().await;
    let table = world.finished().await;
    let no_link = "create function fail() returns trigger language plpgsql as $$ begin \
                     raise exception 'meant to' using errcode = '53100'; end $$; \
                   create trigger fail before insert on event for each row \
                     when (new.type = 'rematch_created') execute function fail()";
    world.execute(no_link).await;
    let rematch = world.play.rematch_game(&table.ann, &table.game_id).await;
    let unknown = Unavailable::OutcomeUnknown;
    assert!(matches!(rematch, Err(PlayError::Unavailable(what)) if what == unknown));
    assert_eq!(world.events().await, 8, "the next game was recorded");
    world.execute("drop trigger fail on event").await;
    let rematch = world.play.rematch_game(&table.bob, &table.game_id).await;
    assert_eq!(word(&rematch), "done");
    assert_eq!(world.events().await, 10);
}
