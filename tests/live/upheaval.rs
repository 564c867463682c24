//! The database goes away, or is another one than before, under open sockets.

use serde_json::{Value, json};
use turnkey::store::Store;

use crate::support::postgres;
use crate::support::proxy::Proxy;
use crate::support::server::TestServer;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_restored_log_gives_every_subscription_a_snapshot() {
    let mut world = World::start().await;
    world.server.meddle();
    let mut table = world.table().await;
    for _ in 0..3 {
        world.advance(&mut table).await;
    }
    let mut socket = world.connect(&format!("game={}", table.game)).await;
    assert_eq!(socket.many(2).await, ["snapshot 5", "subscribed 5"]);
    let old_epoch = socket.hello["epoch"].clone();

    // As after a restore of a backup in which two events are not yet there.
    let client = postgres::client(&world.server.database).await;
    client
        .batch_execute(
            "delete from event where version > 3; update log set epoch = gen_random_uuid()",
        )
        .await
        .unwrap();
    let snapshot = socket.next().await;
    assert_eq!(snapshot["type"], "snapshot");
    assert_eq!(snapshot["version"], 3);
    table.version = 3;
    world.advance(&mut table).await;
    assert_eq!(socket.next_in_short().await, "update 4");

    let mut other = world.connect("").await;
    assert_ne!(other.hello["epoch"], old_epoch);
    other
        .say(json!({"type": "subscribe", "gameId": table.game, "after": 3, "epoch": old_epoch}))
        .await;
    assert_eq!(other.many(2).await, ["snapshot 4", "subscribed 4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_epoch_alone_gives_snapshots() {
    let world = World::start().await;
    let table = world.table().await;
    let mut socket = world.connect(&format!("game={}", table.game)).await;
    assert_eq!(socket.many(2).await, ["snapshot 2", "subscribed 2"]);
    let store = Store::new(world.server.database.clone(), 1);
    store.renew_epoch().await.unwrap();
    assert_eq!(socket.next_in_short().await, "snapshot 2");
    socket.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_stay_through_an_outage_and_miss_nothing() {
    let database = postgres::database().await;
    let proxy = Proxy::start(&database).await;
    let world = World::of(TestServer::behind(&database, &proxy).await);
    let direct = World::of(world.server.beside().await);
    let mut table = world.table().await;
    let other = world.table().await;
    let mut socket = world.connect(&format!("game={}", table.game)).await;
    assert_eq!(socket.many(2).await, ["snapshot 2", "subscribed 2"]);

    proxy.interrupt();
    // Another instance still reaches the database.
    for _ in 0..6 {
        direct.advance(&mut table).await;
    }
    // A subscription made meanwhile is answered when the database is back.
    socket
        .say(json!({"type": "subscribe", "gameId": other.game}))
        .await;
    socket.settled().await;
    proxy.restore();
    let mut updates = 0;
    let mut begun: Vec<Value> = Vec::new();
    while updates < 6 || begun.len() < 2 {
        let frame = socket.next().await;
        if frame["gameId"] == json!(table.game) {
            assert_eq!(frame["type"], "update");
            assert_eq!(frame["version"], 3 + updates);
            updates += 1;
        } else {
            begun.push(frame["type"].clone());
        }
    }
    assert_eq!(begun, ["snapshot", "subscribed"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn moves_made_through_one_instance_are_seen_on_the_others() {
    let here = World::start().await;
    let there = World::of(here.server.beside().await);
    let mut table = here.table().await;
    let query = format!("game={}", table.game);
    let mut sockets = [here.connect(&query).await, there.connect(&query).await];
    for socket in &mut sockets {
        assert_eq!(socket.many(2).await, ["snapshot 2", "subscribed 2"]);
    }
    for version in 3..=12 {
        let world = if version % 2 == 0 { &here } else { &there };
        world.advance(&mut table).await;
        for socket in &mut sockets {
            assert_eq!(socket.next_in_short().await, format!("update {version}"));
        }
    }
}
