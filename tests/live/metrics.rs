//! What the live channel counts, as `/metrics` tells it.

use std::collections::HashMap;

use futures_util::SinkExt;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;

use crate::world::{PATIENCE, Socket, World};

/// Every series without labels or with them, as it is written, and its value.
pub async fn metrics(world: &World) -> HashMap<String, f64> {
    let url = format!("{}/metrics", world.server.control);
    let text = reqwest::get(url).await.unwrap().text().await.unwrap();
    let series = text.lines().filter(|line| !line.starts_with('#'));
    series
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let name = name.trim_start_matches("turnkey_").to_owned();
            (name, value.parse().unwrap())
        })
        .collect()
}

/// Waits until the series have these values: a frame is counted just after it was sent.
async fn assert_come_to(world: &World, expected: &[(&str, usize)]) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = metrics(world).await;
        let other = expected
            .iter()
            .find(|(name, value)| found[*name] != *value as f64);
        let Some((name, value)) = other else {
            return;
        };
        assert!(
            Instant::now() < deadline,
            "{name} is {}, not {value}",
            found[*name]
        );
    }
}

/// Takes frames and adds up their bytes.
async fn take(socket: &mut Socket, count: usize) -> usize {
    let mut bytes = socket.hello.take().to_string().len();
    for _ in 0..count {
        bytes += socket.next().await.to_string().len();
    }
    bytes
}

#[tokio::test(flavor = "multi_thread")]
async fn sockets_subscriptions_frames_and_deliveries() {
    let world = World::start().await;
    let mut table = world.table().await;
    let mut watching = world.connect(&format!("game={}", table.game)).await;
    let mut bytes = take(&mut watching, 2).await;
    let read_before = metrics(&world).await["tail_position"];
    let began = Instant::now();
    world.advance(&mut table).await;
    bytes += watching.next().await.to_string().len();
    let at_most = began.elapsed().as_secs_f64();
    let mut resumed = world.connect(&format!("game={}&after=1", table.game)).await;
    bytes += take(&mut resumed, 3).await;
    assert_come_to(
        &world,
        &[
            ("live_sockets", 2),
            ("live_subscriptions", 2),
            ("live_frames_total", 8),
            ("live_bytes_total", bytes),
            ("live_snapshots_total", 1),
            ("live_resumes_total", 1),
            // What the second socket caught up with is no news.
            ("live_delivery_seconds_count", 1),
            ("live_delivery_seconds_bucket{le=\"+Inf\"}", 1),
            ("live_waiting_bytes", 0),
            ("tail_lag_positions", 0),
        ],
    )
    .await;
    let found = metrics(&world).await;
    let took = found["live_delivery_seconds_sum"];
    assert!(took > 0.0 && took < at_most, "{took} of {at_most} s");
    assert!(found["tail_position"] > read_before);

    watching
        .say(json!({"type": "unsubscribe", "gameId": table.game}))
        .await;
    assert_eq!(watching.next_in_short().await, "unsubscribed");
    assert_come_to(&world, &[("live_sockets", 2), ("live_subscriptions", 1)]).await;
    drop((watching, resumed));
    assert_come_to(&world, &[("live_sockets", 0), ("live_subscriptions", 0)]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drops_by_reason() {
    let world = World::start().await;
    let table = world.table().await;

    let mut limit = world.connect("").await;
    limit.stream.send(Message::binary(vec![1])).await.unwrap();
    assert_eq!(limit.farewell().await.1, Some(1008));

    let mut protocol = world.connect("").await;
    let reserved = [0xC1, 0x81, 0, 0, 0, 0, b'x'];
    protocol
        .stream
        .get_mut()
        .write_all(&reserved)
        .await
        .unwrap();
    assert_eq!(protocol.farewell().await.1, Some(1002));

    drop(world.connect("").await);

    let mut closing = world.connect("").await;
    closing.stream.close(None).await.unwrap();

    let mut player = world.connect_as(&table.tokens[0]).await;
    world.delete_player(&table.tokens[0]).await;
    assert_eq!(player.farewell().await.1, Some(4401));

    let drops = |reason: &str| format!("live_drops_total{{reason=\"{reason}\"}}");
    let expected = [
        ("limit", 1),
        ("protocol", 1),
        ("lost", 1),
        ("player_token_revoked", 1),
        ("key_revoked", 0),
        ("too_slow", 0),
        ("full", 0),
        ("restart", 0),
    ]
    .map(|(reason, count)| (drops(reason), count));
    let expected: Vec<(&str, usize)> = expected
        .iter()
        .map(|(name, count)| (name.as_str(), *count))
        .chain([("live_sockets", 0)])
        .collect();
    assert_come_to(&world, &expected).await;
}
