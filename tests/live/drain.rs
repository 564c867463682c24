//! A server that stops tells its sockets when to come back.

use tokio_tungstenite::tungstenite::Error;

use crate::world::{World, open};

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
    let mut socket = world.connect("").await;
    let request = world.request("");
    let stopping = tokio::spawn(world.server.stop());
    assert_eq!(socket.farewell().await.1, Some(1012));
    // It drains, or it does not listen any more.
    match open(request).await {
        Err(Error::Http(response)) => assert_eq!(response.status(), 503),
        Err(_) => {}
        Ok(_) => panic!("a socket was opened on a server that stops"),
    }
    stopping.await.unwrap();
}
