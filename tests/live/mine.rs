//! Every unfinished game of a player, those to come too.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn unfinished_games_now_and_those_to_come() {
    let world = World::start().await;
    let mut first = world.table().await;
    let token = first.tokens[0].clone();
    let second = new_game(&world, &token).await;
    let finished = new_game(&world, &token).await;
    let resign = format!("/game/{finished}/resign");
    world
        .call(Some(&token), Method::POST, &resign, Value::Null, 200)
        .await;

    let mut socket = world.connect_as(&token).await;
    socket.say(json!({"type": "subscribe", "mine": true})).await;
    let mut begun = BTreeSet::new();
    loop {
        let frame = socket.next().await;
        if frame == json!({"type": "subscribed", "mine": true}) {
            break;
        }
        begun.insert(frame["gameId"].as_str().unwrap().to_owned());
    }
    assert_eq!(begun, BTreeSet::from([first.game.clone(), second]));

    world.advance(&mut first).await;
    assert_eq!(socket.next_in_short().await, "update 3");
    let made = new_game(&world, &token).await;
    assert_begins(&mut socket, &made, 1).await;

    let body = json!({"name": "Cleo"});
    let other = world.call(None, Method::POST, "/game", body, 201).await;
    let join = json!({"invite": other["invite"]});
    world
        .call(Some(&token), Method::POST, "/join", join, 200)
        .await;
    let joined = other["game"]["gameId"].as_str().unwrap();
    assert_begins(&mut socket, joined, 2).await;

    socket
        .say(json!({"type": "unsubscribe", "mine": true}))
        .await;
    assert_eq!(
        socket.next().await,
        json!({"type": "unsubscribed", "mine": true})
    );
    let unheard = new_game(&world, &token).await;
    world.advance(&mut first).await;
    let mut other = world.connect_as(&token).await;
    other
        .say(json!({"type": "subscribe", "gameId": unheard}))
        .await;
    assert_eq!(other.many(2).await, ["snapshot 1", "subscribed 1"]);
    socket.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn games_resume_after_the_versions_that_are_named() {
    let world = World::start().await;
    let mut table = world.table().await;
    let token = table.tokens[1].clone();
    let mut socket = world.connect_as(&token).await;
    world.advance(&mut table).await;
    let after = json!({table.game.clone(): 2, "nonsense": 3});
    socket
        .say(json!({"type": "subscribe", "mine": true, "after": after, "epoch": socket.hello["epoch"]}))
        .await;
    assert_eq!(
        sorted(socket.many(3).await),
        ["subscribed", "subscribed 2", "update 3"]
    );
    socket
        .say(json!({"type": "subscribe", "mine": true, "after": after, "epoch": "another"}))
        .await;
    assert_eq!(
        socket.many(3).await,
        ["snapshot 3", "subscribed 3", "subscribed"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_games_and_others_by_name() {
    let world = World::start().await;
    let oldest = world.table().await;
    let token = &oldest.tokens[0];
    for _ in 0..200 {
        new_game(&world, token).await;
    }
    let mut socket = world.connect_as(token).await;
    socket.say(json!({"type": "subscribe", "mine": true})).await;
    let mut begun = BTreeSet::new();
    let mut errors = Vec::new();
    loop {
        let frame = socket.next().await;
        match (&frame["type"], &frame["gameId"]) {
            (Value::String(kind), _) if kind == "error" => errors.push(frame["code"].clone()),
            (_, Value::String(game)) => drop(begun.insert(game.clone())),
            _ => break assert_eq!(frame, json!({"type": "subscribed", "mine": true})),
        }
    }
    assert_eq!(errors, ["too_many_games"]);
    assert_eq!(begun.len(), 200);
    assert!(!begun.contains(&oldest.game), "it changed least recently");
    // They are not counted among those that a socket may name.
    socket
        .say(json!({"type": "subscribe", "gameId": oldest.game}))
        .await;
    assert_eq!(socket.many(2).await, ["snapshot 2", "subscribed 2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_named_is_followed_on() {
    let world = World::start().await;
    let mut table = world.table().await;
    let mut socket = world.connect_as(&table.tokens[0]).await;
    for (subject, answers) in [
        (json!({"gameId": table.game}), 2),
        (json!({"mine": true}), 3),
    ] {
        let mut frame = subject;
        frame["type"] = json!("subscribe");
        socket.say(frame).await;
        socket.many(answers).await;
    }
    socket
        .say(json!({"type": "unsubscribe", "mine": true}))
        .await;
    assert_eq!(socket.next_in_short().await, "unsubscribed");
    world.advance(&mut table).await;
    assert_eq!(socket.next_in_short().await, "update 3");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_nobody_has_no_games() {
    let world = World::start().await;
    let mut socket = world.connect("").await;
    socket.say(json!({"type": "subscribe", "mine": true})).await;
    assert_eq!(socket.next_in_short().await, "error player_token_required");
    socket.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn both_players_hear_of_a_rematch() {
    let world = World::start().await;
    let table = world.table().await;
    let mut sockets = Vec::new();
    for token in &table.tokens {
        let mut socket = world.connect_as(token).await;
        socket.say(json!({"type": "subscribe", "mine": true})).await;
        assert_eq!(
            socket.many(3).await,
            ["snapshot 2", "subscribed 2", "subscribed"]
        );
        sockets.push(socket);
    }
    let resign = format!("/game/{}/resign", table.game);
    let token = Some(table.tokens[0].as_str());
    world
        .call(token, Method::POST, &resign, Value::Null, 200)
        .await;
    let rematch = format!("/game/{}/rematch", table.game);
    let created = world
        .call(token, Method::POST, &rematch, Value::Null, 201)
        .await;
    for socket in &mut sockets {
        let mut old_game = Vec::new();
        while old_game.len() < 2 {
            let frame = socket.next().await;
            if frame["gameId"] == table.game.as_str() {
                old_game.push(frame);
            }
        }
        assert_eq!(old_game[0]["event"]["type"], "resigned");
        assert_eq!(old_game[1]["event"]["type"], "rematch_created");
        let announced = &old_game[1]["event"]["data"]["gameId"];
        assert_eq!(announced, &created["game"]["gameId"]);
    }
}

async fn assert_begins(socket: &mut crate::world::Socket, game: &str, version: u32) {
    let snapshot = socket.next().await;
    assert_eq!(snapshot["type"], "snapshot", "{snapshot}");
    assert_eq!(snapshot["gameId"], game);
    assert_eq!(snapshot["version"], version);
    let subscribed = json!({"type": "subscribed", "gameId": game, "version": version});
    assert_eq!(socket.next().await, subscribed);
}

async fn new_game(world: &World, token: &str) -> String {
    let created = world
        .call(Some(token), Method::POST, "/game", json!({}), 201)
        .await;
    created["game"]["gameId"].as_str().unwrap().to_owned()
}

fn sorted(mut frames: Vec<String>) -> Vec<String> {
    frames.sort();
    frames
}
