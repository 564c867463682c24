//! Subscriptions: order, resumption, and what cannot be subscribed to.

use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::postgres;
use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn hello_snapshot_subscribed_updates() {
    let world = World::start().await;
    let mut table = world.table().await;
    let mut socket = world.connect("").await;
    assert_eq!(socket.hello["heartbeatSeconds"], 25);
    assert_eq!(socket.hello["resumeLimit"], 500);
    socket
        .say(json!({"type": "subscribe", "gameId": table.game}))
        .await;
    let snapshot = socket.next().await;
    assert_eq!(snapshot["type"], "snapshot");
    assert_eq!(snapshot["version"], 2);
    assert_eq!(snapshot["game"]["seats"]["O"]["name"], "Bob");
    assert_eq!(
        socket.next().await,
        json!({"type": "subscribed", "gameId": table.game, "version": 2})
    );

    for _ in 0..6 {
        world.advance(&mut table).await;
    }
    for version in 3..=8 {
        let update = socket.next().await;
        assert_eq!(update["type"], "update");
        assert_eq!(update["gameId"], json!(table.game));
        assert_eq!(update["version"], version);
        assert_eq!(update["event"]["version"], version);
        assert_eq!(update["game"]["version"], version);
        assert!(update["game"].get("yourSeats").is_none());
        assert!(update["game"].get("invite").is_none());
    }
    assert_eq!(world.client.events(&table.game).await.len(), 8);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_game_resumes_after_any_version() {
    let world = World::start().await;
    let mut table = world.table().await;
    for _ in 0..5 {
        world.advance(&mut table).await;
    }
    let game = &table.game;
    let mut socket = world.connect(&format!("game={game}&after=4")).await;
    let frames = socket.many(4).await;
    assert_eq!(frames, ["subscribed 4", "update 5", "update 6", "update 7"]);

    let epoch = &socket.hello["epoch"];
    for (after, expected) in [
        (json!(0), "subscribed 0"),
        (json!(7), "subscribed 7"),
        // Ahead of the game.
        (json!(8), "snapshot 7"),
        (json!(u64::MAX), "snapshot 7"),
    ] {
        let mut other = world.connect("").await;
        other
            .say(json!({"type": "subscribe", "gameId": game, "after": after, "epoch": epoch}))
            .await;
        assert_eq!(other.next_in_short().await, expected, "after {after}");
    }
    let mut other = world.connect("").await;
    other
        .say(json!({"type": "subscribe", "gameId": game, "after": 4, "epoch": Uuid::now_v7()}))
        .await;
    let frames = other.many(2).await;
    assert_eq!(frames, ["snapshot 7", "subscribed 7"], "of another epoch");
}

#[tokio::test(flavor = "multi_thread")]
async fn subscribing_again_begins_anew_and_unsubscribing_ends_it() {
    let world = World::start().await;
    let mut table = world.table().await;
    let game = table.game.clone();
    let mut socket = world.connect(&format!("game={game}")).await;
    assert_eq!(socket.many(2).await, ["snapshot 2", "subscribed 2"]);
    socket
        .say(json!({"type": "subscribe", "gameId": game, "after": 1}))
        .await;
    assert_eq!(socket.many(2).await, ["subscribed 1", "update 2"]);
    world.advance(&mut table).await;
    assert_eq!(socket.next_in_short().await, "update 3");

    socket
        .say(json!({"type": "unsubscribe", "gameId": game}))
        .await;
    assert_eq!(
        socket.next().await,
        json!({"type": "unsubscribed", "gameId": game})
    );
    world.advance(&mut table).await;
    let mut other = world.connect(&format!("game={game}&after=3")).await;
    assert_eq!(other.many(2).await, ["subscribed 3", "update 4"]);
    socket.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_socket_follows_many_games_from_its_first_frame() {
    let world = World::start().await;
    let mut first = world.table().await;
    let mut second = world.table().await;
    world.advance(&mut first).await;
    let query = format!("game={}&after=2&game={}", first.game, second.game);
    let mut socket = world.connect(&query).await;
    assert_eq!(
        socket.many(4).await,
        ["subscribed 2", "update 3", "snapshot 2", "subscribed 2"]
    );
    world.advance(&mut second).await;
    assert_eq!(socket.next().await["gameId"], json!(second.game));
    world.advance(&mut first).await;
    assert_eq!(socket.next().await["gameId"], json!(first.game));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_game_that_is_not_there_and_one_that_is_not_yours_look_the_same() {
    let world = World::start().await;
    let private = world
        .call(
            None,
            Method::POST,
            "/game",
            json!({"visibility": "private", "opponent": "self"}),
            201,
        )
        .await;
    let game = private["game"]["gameId"].as_str().unwrap();
    let token = private["player"]["token"].as_str().unwrap();

    let mut stranger = world.connect(&format!("game={game}")).await;
    let refused = stranger.next().await;
    let unknown = Uuid::now_v7().to_string();
    stranger
        .say(json!({"type": "subscribe", "gameId": unknown}))
        .await;
    let not_there = stranger.next().await;
    assert_eq!(refused["code"], "game_not_found");
    let text = not_there.to_string().replace(&unknown, game);
    assert_eq!(refused.to_string(), text);
    stranger
        .say(json!({"type": "subscribe", "gameId": "no id"}))
        .await;
    assert_eq!(stranger.next_in_short().await, "error game_not_found");

    let mut player = world.connect_as(token).await;
    player
        .say(json!({"type": "subscribe", "gameId": game}))
        .await;
    assert_eq!(player.many(2).await, ["snapshot 1", "subscribed 1"]);
    let body = json!({"gameId": game, "move": 4, "version": 1});
    world
        .call(Some(token), Method::PUT, "/game", body, 200)
        .await;
    assert_eq!(player.next_in_short().await, "update 2");
    stranger.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_watchers_of_one_game_hear_the_same() {
    let world = World::start().await;
    let mut table = world.table().await;
    let query = format!("game={}", table.game);
    let mut watchers = Vec::new();
    for _ in 0..50 {
        let mut socket = world.connect(&query).await;
        assert_eq!(socket.many(2).await, ["snapshot 2", "subscribed 2"]);
        watchers.push(socket);
    }
    for _ in 0..10 {
        world.advance(&mut table).await;
    }
    let mut heard: Vec<Vec<Value>> = Vec::new();
    for socket in &mut watchers {
        let mut frames = Vec::new();
        for version in 3..=12 {
            let frame = socket.next().await;
            assert_eq!(frame["version"], version);
            frames.push(frame);
        }
        heard.push(frames);
    }
    heard.dedup();
    assert_eq!(heard.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_made_while_moves_are_made_misses_none() {
    let world = World::start().await;
    let mut table = world.table().await;
    let query = format!("game={}&after=0", table.game);
    let watch = async {
        let mut sockets = Vec::new();
        for _ in 0..20 {
            sockets.push(world.connect(&query).await);
        }
        sockets
    };
    let play = async {
        for _ in 0..20 {
            world.advance(&mut table).await;
        }
    };
    let (sockets, ()) = tokio::join!(watch, play);
    for mut socket in sockets {
        assert_eq!(socket.next_in_short().await, "subscribed 0");
        for version in 1..=22 {
            assert_eq!(socket.next_in_short().await, format!("update {version}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_more_than_500_versions_behind_gets_a_snapshot() {
    let world = World::start().await;
    let table = world.table().await;
    // More events than two players can bring about in so small a game.
    let insert = format!(
        "insert into event select nextval('event_position'), game_id, version + n, stage, variant, \
         rules, case n % 2 when 1 then 'draw_offered' else 'draw_declined' end, schema, \
         '{{\"seat\":\"X\"}}', actor, at from event, generate_series(1, 501) n \
         where game_id = '{}' and version = 2 order by n",
        table.game
    );
    let client = postgres::client(&world.server.database).await;
    client.batch_execute(&insert).await.unwrap();

    let mut near = world.connect(&format!("game={}&after=3", table.game)).await;
    assert_eq!(near.next_in_short().await, "subscribed 3");
    for version in 4..=503 {
        assert_eq!(near.next_in_short().await, format!("update {version}"));
    }
    let mut far = world.connect(&format!("game={}&after=2", table.game)).await;
    assert_eq!(far.many(2).await, ["snapshot 503", "subscribed 503"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_game_and_its_version_are_one_parameter_of_the_query() {
    let world = World::start().await;
    let mut first = world.table().await;
    let second = world.table().await;
    for _ in 0..3 {
        world.advance(&mut first).await;
    }
    // However a client orders its parameters, each version stays with its game.
    let query = format!("game={}%3A4&game={}:2", first.game, second.game);
    let mut socket = world.connect(&query).await;
    let epoch = socket.hello["epoch"].as_str().unwrap().to_owned();
    let frames = socket.many(3).await;
    assert_eq!(frames, ["subscribed 4", "update 5", "subscribed 2"]);
    let query = format!("epoch={epoch}&game={}:5&game={}", first.game, second.game);
    let mut socket = world.connect(&query).await;
    let frames = socket.many(3).await;
    assert_eq!(frames, ["subscribed 5", "snapshot 2", "subscribed 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn null_in_an_optional_field_is_absent() {
    let world = World::start().await;
    let table = world.table().await;
    let game = &table.game;
    let mut socket = world.connect_as(&table.tokens[0]).await;
    for frame in [
        json!({"type": "subscribe", "gameId": game, "after": null, "epoch": null}),
        json!({"type": "subscribe", "gameId": game, "mine": null, "games": null, "id": null}),
        json!({"type": "subscribe", "gameId": null, "games": [{"gameId": game, "after": null}], "epoch": null}),
    ] {
        socket.say(frame.clone()).await;
        let frames = socket.many(2).await;
        assert_eq!(frames, ["snapshot 2", "subscribed 2"], "{frame}");
    }
    for frame in [
        json!({"type": "subscribe", "mine": true, "after": null, "epoch": null, "gameId": null}),
        json!({"type": "subscribe", "mine": true, "after": {game.as_str(): null}}),
    ] {
        socket.say(frame.clone()).await;
        let frames = socket.many(3).await;
        let expected = ["snapshot 2", "subscribed 2", "subscribed"];
        assert_eq!(frames, expected, "{frame}");
    }
    let frame = json!({"type": "unsubscribe", "gameId": game, "mine": null});
    socket.say(frame).await;
    assert_eq!(socket.next_in_short().await, "unsubscribed");
    socket.say(json!({"type": "ping", "id": null})).await;
    let pong = json!({"type": "pong", "id": null});
    assert_eq!(socket.next().await, pong);
}
