//! A server that stops tells its sockets when to come back.

use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Error;

use crate::support::postgres;
use crate::world::{PATIENCE, Socket, World, assert_is_full, open};
use crate::{hostile, rights};

#[tokio::test(flavor = "multi_thread")]
async fn every_socket_is_told_1012_and_no_new_one_is_let_in() {
    let world = World::start().await;
    let mut sockets = Vec::new();
    for _ in 0..30 {
        sockets.push(world.connect("").await);
    }
    let stopping = tokio::spawn(world.server.stop());
    let mut delays = Vec::new();
    for socket in &mut sockets {
        let (goodbye, code) = socket.farewell().await;
        assert_eq!(code, Some(1012));
        let goodbye = goodbye.unwrap();
        assert_eq!(goodbye["reason"], "restart");
        delays.push(goodbye["retryAfterMs"].as_u64().unwrap());
    }
    assert!(delays.iter().all(|delay| *delay <= 5_000), "{delays:?}");
    delays.sort_unstable();
    delays.dedup();
    assert!(delays.len() > 20, "they are spread: {delays:?}");
    stopping.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_sent_away_finds_no_way_back_to_this_server() {
    let world = World::start().await;
    // It takes its time to go, and so does the server.
    let silent = hostile::connect_silently(&world).await;
    let mut socket = world.connect("").await;
    let request = world.request("");
    let stopping = tokio::spawn(world.server.stop());
    assert_eq!(socket.farewell().await.1, Some(1012));
    // It drains, until it does not listen any more.
    loop {
        match open(request.clone()).await {
            Err(Error::Http(response)) => assert_is_full(&response),
            Err(_) => break,
            Ok(_) => panic!("a socket was opened on a server that stops"),
        }
    }
    stopping.await.unwrap();
    drop(silent);
}

/// As many as half of what the plan's rate lets in, once it is more than the least time's.
#[tokio::test(flavor = "multi_thread")]
async fn sockets_of_one_key_come_back_no_faster_than_their_plan_lets_them() {
    const SOCKETS: usize = 60;
    let world = World::start().await;
    let client = postgres::client(&world.server.database).await;
    client
        .batch_execute("update usage_plan set rate = 10, burst = 100")
        .await
        .unwrap();
    let end = Instant::now() + PATIENCE;
    while world.client.rate_limit_policy().await.is_none() {
        assert!(Instant::now() < end, "the limit must come to hold");
    }
    let mut sockets = Vec::new();
    for _ in 0..SOCKETS {
        sockets.push(world.connect("").await);
    }
    let (_, _, mut alone) = rights::socket_with_own_key(&world).await;
    let stopping = tokio::spawn(world.server.stop());
    let mut delays = Vec::new();
    for socket in &mut sockets {
        delays.push(retry_after(socket).await);
    }
    assert!(retry_after(&mut alone).await <= 5_000);
    assert!(delays.iter().all(|delay| *delay <= 12_000), "{delays:?}");
    let late = delays.iter().filter(|delay| **delay > 5_000).count();
    assert!(late > SOCKETS / 4, "{delays:?}");
    stopping.await.unwrap();
}

async fn retry_after(socket: &mut Socket) -> u64 {
    let (goodbye, code) = socket.farewell().await;
    assert_eq!(code, Some(1012));
    goodbye.unwrap()["retryAfterMs"].as_u64().unwrap()
}
