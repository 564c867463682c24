//! The AsyncAPI document against its standard, and what is said on real sockets against it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use futures_util::SinkExt;
use reqwest::Method;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::world::{Socket, World};

/// Every type of event, as section 4 of the contract lists them.
const EVENTS: [&str; 9] = [
    "abandoned",
    "draw_agreed",
    "draw_declined",
    "draw_offered",
    "game_created",
    "move_played",
    "player_seated",
    "rematch_created",
    "resigned",
];

/// A socket, and all that went over it.
struct Session {
    socket: Socket,
    said: Vec<Value>,
    heard: Vec<Value>,
}

impl Session {
    fn of(mut socket: Socket) -> Session {
        let heard = vec![socket.hello.take()];
        Session {
            socket,
            said: Vec::new(),
            heard,
        }
    }

    async fn say(&mut self, frame: Value) {
        self.said.push(frame.clone());
        self.socket.say(frame).await;
    }

    /// Takes frames to the first that is so.
    async fn until(&mut self, mut is_so: impl FnMut(&Value) -> bool) {
        loop {
            let frame = self.socket.next().await;
            self.heard.push(frame.clone());
            if is_so(&frame) {
                return;
            }
        }
    }

    /// Takes frames to the first with this value of a field.
    async fn until_is(&mut self, field: &str, value: &str) {
        self.until(|frame| frame[field] == value).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_said_is_as_the_document_has_it() {
    let world = World::start().await;
    let url = format!("{}/asyncapi.json", world.server.base);
    let answer = reqwest::get(url).await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/json");
    let document: Value = answer.json().await.unwrap();
    let address = world.server.base.trim_start_matches("http://");
    assert_eq!(document["servers"]["turnkey"]["host"], address);

    let mut sessions = [commands(&world).await, everything_of_a_player(&world).await];
    let said: Vec<Value> = sessions
        .iter_mut()
        .flat_map(|session| session.said.drain(..))
        .collect();
    let heard: Vec<Value> = sessions
        .iter_mut()
        .flat_map(|session| session.heard.drain(..))
        .collect();
    let events: BTreeSet<&str> = heard
        .iter()
        .filter_map(|frame| frame["event"]["type"].as_str())
        .collect();
    assert_eq!(events, BTreeSet::from(EVENTS));
    judge(&document, &json!({"said": said, "heard": heard}));
}

/// Every frame and every error that a client can bring about alone.
async fn commands(world: &World) -> Session {
    let many: Vec<String> = (0..101)
        .map(|_| format!("game={}", Uuid::now_v7()))
        .collect();
    let mut session = Session::of(world.connect(&many.join("&")).await);
    session.until_is("code", "too_many_games").await;
    session.until_is("code", "game_not_found").await;
    session.say(json!({"type": "ping", "id": {"any": 1}})).await;
    session.until_is("type", "pong").await;
    session.say(json!({"type": "ping"})).await;
    session.until_is("type", "pong").await;
    session
        .say(json!({"type": "subscribe", "mine": true}))
        .await;
    session.until_is("code", "player_token_required").await;
    let unknown = Uuid::now_v7();
    session
        .say(json!({"type": "subscribe", "games": [{"gameId": unknown, "after": null}], "epoch": null}))
        .await;
    session.until_is("code", "game_not_found").await;
    session.socket.say(json!({"type": "resign"})).await;
    session.until_is("code", "malformed").await;
    let stream = &mut session.socket.stream;
    stream.send(Message::binary(vec![1])).await.unwrap();
    session.until_is("type", "goodbye").await;
    session
}

/// Every event, on the games of one player.
async fn everything_of_a_player(world: &World) -> Session {
    let call = async |token: &str, path: &str, body: Value, status: u16| {
        world
            .call(Some(token), Method::POST, path, body, status)
            .await
    };
    let table = world.table().await;
    let [ann, bob] = &table.tokens;
    let game = &table.game;
    let mut session = Session::of(world.connect_as(ann).await);
    let epoch = session.heard[0]["epoch"].clone();
    session
        .say(
            json!({"type": "subscribe", "mine": true, "after": {game.as_str(): 2}, "epoch": epoch}),
        )
        .await;
    session.until(|frame| frame["mine"] == true).await;
    session
        .say(json!({"type": "subscribe", "gameId": game, "after": 0, "epoch": epoch}))
        .await;

    let draw = format!("/game/{game}/draw");
    world.client.play(ann, game, 4, 2).await;
    call(bob, &draw, Value::Null, 200).await;
    world
        .call(Some(ann), Method::DELETE, &draw, Value::Null, 200)
        .await;
    world.client.play(bob, game, 0, 4 + 1).await;
    call(ann, &draw, Value::Null, 200).await;
    call(bob, &draw, Value::Null, 200).await;
    call(ann, &format!("/game/{game}/rematch"), Value::Null, 201).await;
    session
        .until(|frame| frame["event"]["type"] == "rematch_created")
        .await;

    // Won on the board; resigned; given up by who waited.
    let won = call(ann, "/game", json!({"opponent": "self"}), 201).await;
    let won = won["game"]["gameId"].as_str().unwrap();
    for (version, cell) in (1..).zip([4, 0, 2, 1, 6]) {
        world.client.play(ann, won, cell, version).await;
    }
    session
        .until(|frame| frame["game"]["result"]["line"].is_array())
        .await;
    let lost = call(ann, "/game", json!({"opponent": "self"}), 201).await;
    let waiting = call(ann, "/game", json!({"visibility": "private"}), 201).await;
    for (created, event) in [(&lost, "resigned"), (&waiting, "abandoned")] {
        let id = created["game"]["gameId"].as_str().unwrap();
        call(ann, &format!("/game/{id}/resign"), Value::Null, 200).await;
        session.until(|frame| frame["event"]["type"] == event).await;
    }

    session
        .say(json!({"type": "unsubscribe", "gameId": game}))
        .await;
    session.until(|frame| frame["type"] == "unsubscribed").await;
    session
        .say(json!({"type": "unsubscribe", "mine": true}))
        .await;
    session.until(|frame| frame["type"] == "unsubscribed").await;
    session
}

/// Runs the validators of `script/lib/node.sh`; what they complain of is shown.
#[track_caller]
fn judge(document: &Value, frames: &Value) {
    let modules = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../node/node_modules");
    assert!(
        modules.exists(),
        "{} is missing: run script/test once, which installs it",
        modules.display()
    );
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let file = |name: &str, value: &Value| {
        let path = directory.join(format!("{}-{name}.json", std::process::id()));
        std::fs::write(&path, value.to_string()).unwrap();
        path
    };
    let files = [file("asyncapi", document), file("frames", frames)];
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/live/asyncapi.js");
    let output = Command::new("node")
        .arg(script)
        .args(&files)
        .env("NODE_PATH", modules)
        .output()
        .unwrap();
    for file in files {
        std::fs::remove_file(file).unwrap();
    }
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}", text(&output.stderr));
    println!("{}", text(&output.stdout));
}
