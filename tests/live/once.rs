//! However many sockets watch, an instance reads each event once.

use serde_json::json;
use tokio::time::Instant;
use turnkey::store::Store;

use crate::support::proxy::Proxy;
use crate::world::{PATIENCE, Table, World};

const WATCHERS: usize = 50;
const EVENTS: u32 = 20;
/// The type of the events that are counted, as a row names it.
const OFFER: &str = "draw_offered";

#[tokio::test(flavor = "multi_thread")]
async fn an_event_leaves_the_database_once_for_all_who_watch_it() {
    let played = World::start().await;
    let mut table = played.table().await;
    let mut offers = advance(&played, &mut table, 5).await;
    // Projecting is the other instance's: it folds whole games.
    projected(&played).await;
    let proxy = Proxy::start(&played.server.database).await;
    let watched = World::of(played.server.beside_through(&proxy).await);

    // What follows is read from the database: the count sees it.
    proxy.count(OFFER);
    let query = format!("game={}", table.game);
    let mut watchers = vec![watched.connect(&query).await];
    assert_eq!(watchers[0].many(2).await, ["snapshot 7", "subscribed 7"]);
    assert_eq!(proxy.counted(), offers);

    // For the next ones it is known.
    while watchers.len() < WATCHERS {
        let mut socket = watched.connect(&query).await;
        assert_eq!(socket.many(2).await, ["snapshot 7", "subscribed 7"]);
        watchers.push(socket);
    }
    assert_eq!(proxy.counted(), offers);

    offers += advance(&played, &mut table, EVENTS).await;
    for socket in &mut watchers {
        for version in 8..=table.version {
            assert_eq!(socket.next_in_short().await, format!("update {version}"));
        }
    }
    // Whoever comes later, and wants what was before.
    let mut late = watched.connect(&format!("{query}&after=7")).await;
    assert_eq!(late.next_in_short().await, "subscribed 7");
    for version in 8..=table.version {
        assert_eq!(late.next_in_short().await, format!("update {version}"));
    }
    watchers[0].say(json!({"type": "ping", "id": 1})).await;
    assert_eq!(watchers[0].next_in_short().await, "pong");
    assert_eq!(proxy.counted(), offers);
}

/// Returns once the instance has begun to project.
async fn projected(world: &World) {
    let store = Store::new(world.server.database.clone(), 1);
    let end = Instant::now() + PATIENCE;
    while store.my_games_position().await.unwrap() == 0 {
        assert!(Instant::now() < end, "somebody must project");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
}

/// Makes so many events; how many of them are of the type that is counted.
async fn advance(world: &World, table: &mut Table, events: u32) -> usize {
    for _ in 0..events {
        world.advance(table).await;
    }
    let all = world.client.events(&table.game).await;
    let new = &all[all.len() - usize::try_from(events).unwrap()..];
    new.iter().filter(|event| event["type"] == OFFER).count()
}
