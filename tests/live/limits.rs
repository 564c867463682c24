//! What a client may not do, and what it hears then.

use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use uuid::Uuid;

use crate::world::World;

/// Less than the server waits for a peer to go.
const BEFORE_THE_LINGER: std::time::Duration = std::time::Duration::from_secs(4);

#[tokio::test(flavor = "multi_thread")]
async fn broken_limits_close_with_1008() {
    let world = World::start().await;
    let oversized = json!({"type": "ping", "id": "x".repeat(16384)}).to_string();
    let ping = json!({"type": "ping", "id": 1}).to_string();
    let unsubscribe = json!({"type": "unsubscribe", "gameId": "g"}).to_string();
    let subscribe = json!({"type": "subscribe", "gameId": "g"}).to_string();
    let games = json!({"type": "subscribe", "games": []}).to_string();
    let both = [
        Message::text(subscribe.clone()),
        Message::Ping("ping".into()),
    ];
    let mixed = std::iter::repeat_n(both, 101).flatten().collect();
    let cases: [(&str, Vec<Message>); 9] = [
        ("oversized", vec![Message::text(oversized)]),
        ("binary", vec![Message::binary(vec![1, 2, 3])]),
        ("not JSON", vec![Message::text("{"); 3]),
        ("flood", vec![Message::text(ping); 101]),
        ("unsubscribing", vec![Message::text(unsubscribe); 101]),
        ("subscribing", vec![Message::text(subscribe); 201]),
        ("subscribing to lists", vec![Message::text(games); 201]),
        ("pings of RFC 6455", vec![Message::Ping("ping".into()); 201]),
        ("subscribing and pinging", mixed),
    ];
    for (name, messages) in cases {
        let mut socket = world.connect("").await;
        for message in messages {
            // The server may have closed before the last of a flood.
            if socket.stream.send(message).await.is_err() {
                break;
            }
        }
        let (goodbye, code) = socket.farewell().await;
        assert_eq!(code, Some(1008), "{name}");
        let goodbye = goodbye.expect(name);
        assert_eq!(goodbye["reason"], "limit", "{name}");
        assert!(goodbye["retryAfterMs"].is_u64(), "{name}");
    }
}

/// A client that comes back subscribes to all its games, and may do so game by game.
#[tokio::test(flavor = "multi_thread")]
async fn subscribing_and_pinging_are_no_flood() {
    let world = World::start().await;
    let mut socket = world.connect("").await;
    for _ in 0..150 {
        socket
            .say(json!({"type": "subscribe", "gameId": "no id"}))
            .await;
        assert_eq!(socket.next_in_short().await, "error game_not_found");
    }
    for _ in 0..50 {
        let ping = Message::Ping("ping".into());
        socket.stream.send(ping).await.unwrap();
    }
    // All of it leaves the room for other frames as it was.
    for _ in 0..100 {
        socket.settled().await;
    }
}

/// Clients call a socket closed when the connection ends, and the server ends it first.
#[tokio::test(flavor = "multi_thread")]
async fn the_connection_ends_with_the_close_frame() {
    let world = World::start().await;
    for message in [Message::binary(vec![1]), Message::text("x".repeat(17_000))] {
        let mut socket = world.connect("").await;
        socket.stream.send(message).await.unwrap();
        let ended = tokio::time::timeout(BEFORE_THE_LINGER, socket.farewell()).await;
        let (_, code) = ended.expect("the server ends the connection");
        assert_eq!(code, Some(1008));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_frames_are_answered_and_the_socket_stays() {
    let world = World::start().await;
    let mut socket = world.connect("").await;
    for frame in [
        json!([]),
        json!({"type": "move", "gameId": "g", "move": 4}),
        json!({"type": "subscribe", "gameId": "g", "unknown": 1}),
        json!({"type": "subscribe", "gameId": 1}),
        json!({"type": "subscribe", "gameId": "g", "after": -1}),
        json!({"type": "subscribe", "gameId": "g", "after": "3"}),
        json!({"type": "subscribe", "gameId": "g", "mine": true}),
        json!({"type": "subscribe", "gameId": null}),
        json!({"type": "subscribe", "games": null}),
        json!({"type": "subscribe", "games": {}}),
        json!({"type": "subscribe", "games": ["g"]}),
        json!({"type": "subscribe", "games": [{"after": 1}]}),
        json!({"type": "subscribe", "games": [{"gameId": null}]}),
        json!({"type": "subscribe", "games": [{"gameId": "g", "after": -1}]}),
        json!({"type": "subscribe", "games": [{"gameId": "g", "epoch": "e"}]}),
        json!({"type": "subscribe", "games": [{"gameId": "g", "more": null}]}),
        json!({"type": "subscribe", "games": [{"gameId": "g"}], "after": 1}),
        json!({"type": "subscribe", "games": [], "gameId": "g"}),
        json!({"type": "subscribe", "games": [], "mine": true}),
        json!({"type": "unsubscribe", "games": [{"gameId": "g"}]}),
        json!({"type": "ping", "unknown": null}),
        json!({"type": "unsubscribe"}),
    ] {
        socket.say(frame.clone()).await;
        let error = socket.next().await;
        assert_eq!(error["type"], "error", "{frame}");
        assert_eq!(error["code"], "malformed", "{frame}");
    }
    // What is not JSON is forgiven twice.
    for _ in 0..2 {
        socket.say_text("not JSON").await;
        assert_eq!(socket.next_in_short().await, "error malformed");
    }
    for id in [json!(null), json!(7), json!({"any": ["thing"]})] {
        socket.say(json!({"type": "ping", "id": id})).await;
        assert_eq!(socket.next().await, json!({"type": "pong", "id": id}));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frame_of_16384_bytes_is_read_and_one_more_is_too_many() {
    let world = World::start().await;
    let mut socket = world.connect("").await;
    assert_eq!(socket.hello["maxFrameBytes"], 16384);
    let frame = |id: &str| json!({"type": "ping", "id": id}).to_string();
    let id = "x".repeat(16384 - frame("").len());
    socket.say_text(&frame(&id)).await;
    assert_eq!(socket.next().await["id"], json!(id));

    // The limit is on the message, however many fragments it comes in.
    let fragment = |opcode, is_last, size| {
        let payload = "x".repeat(size).into_bytes();
        Message::Frame(Frame::message(payload, OpCode::Data(opcode), is_last))
    };
    for message in [
        vec![fragment(Data::Text, true, 16385)],
        vec![
            fragment(Data::Text, false, 16000),
            fragment(Data::Continue, true, 385),
        ],
    ] {
        let mut socket = world.connect("").await;
        for frame in message {
            socket.stream.send(frame).await.unwrap();
        }
        assert_eq!(socket.farewell().await.1, Some(1008));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_names_at_most_100_games() {
    let world = World::start().await;
    let table = world.table().await;
    let query: Vec<String> = (0..101)
        .map(|_| format!("game={}", Uuid::now_v7()))
        .collect();
    let mut socket = world.connect(&query.join("&")).await;
    let mut codes: Vec<Value> = Vec::new();
    for _ in 0..101 {
        codes.push(socket.next().await["code"].clone());
    }
    let refused = codes
        .iter()
        .filter(|code| *code == "too_many_games")
        .count();
    assert_eq!(refused, 1, "the one hundred and first");
    // Those that are not there take no room.
    socket
        .say(json!({"type": "subscribe", "gameId": table.game}))
        .await;
    assert_eq!(socket.many(2).await, ["snapshot 2", "subscribed 2"]);
}
