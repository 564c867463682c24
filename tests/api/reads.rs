//! Reading a game: what a client has already, what it was, and who may see it.

use serde_json::{Value, json};

use crate::world::{World, reply, text};

const NOTHING: Value = Value::Null;

#[tokio::test]
async fn a_client_that_has_the_game_gets_no_body() {
    let world = World::start().await;
    let (game, ann, _) = world.begun_game().await;
    let path = format!("/game/{game}");
    let read = |tag: &str| {
        reply(
            world
                .request("GET", &path)
                .bearer_auth(&ann)
                .header("if-none-match", tag),
        )
    };
    for tag in ["\"2\"", "W/\"2\"", "\"1\", \"2\"", "*"] {
        let answer = read(tag).await;
        assert_eq!(
            (answer.status.as_u16(), answer.text.as_str()),
            (304, ""),
            "{tag}"
        );
        assert_eq!(answer.header("etag"), "\"2\"");
        assert_eq!(answer.header("cache-control"), "private, no-cache");
        assert_eq!(answer.header("vary"), "Authorization, x-api-key");
    }
    for tag in ["\"1\"", "2", "\"22\""] {
        assert_eq!(read(tag).await.status, 200, "{tag}");
    }
    world
        .call(&ann, "PUT", "/game", json!({"gameId": game, "move": 0}))
        .await;
    assert_eq!(read("\"2\"").await.header("etag"), "\"3\"");
}

#[tokio::test]
async fn a_game_as_it_was() {
    let world = World::start().await;
    let (game, ann, _) = world.begun_game().await;
    world
        .call(
            &ann,
            "PUT",
            "/game",
            json!({"gameId": game, "move": 8, "version": 2}),
        )
        .await;
    for (version, status) in [(1, "waiting"), (2, "playing"), (3, "playing")] {
        let path = format!("/dev/game/{game}?version={version}");
        let answer = world.call(&ann, "GET", &path, NOTHING).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.header("etag"), format!("\"{version}\""));
        let seen = answer.json();
        assert_eq!(
            (&seen["version"], &seen["status"]),
            (&json!(version), &json!(status))
        );
        let mark = if version == 3 { json!("X") } else { NOTHING };
        assert_eq!(seen["board"]["cells"][8], mark);
    }
}

#[tokio::test]
async fn events_come_in_pages() {
    let world = World::start().await;
    let (game, ann, _) = world.begun_game().await;
    world
        .call(&ann, "PUT", "/game", json!({"gameId": game, "move": 8}))
        .await;
    let page = async |query: &str| {
        let path = format!("/game/{game}/events{query}");
        let page = world.call(&ann, "GET", &path, NOTHING).await.json();
        assert_eq!(page["version"], 3);
        let events = page["events"].as_array().unwrap().clone();
        events
            .iter()
            .map(|event| text(&event["type"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        page("").await,
        ["game_created", "player_seated", "move_played"]
    );
    assert_eq!(page("?after=1&limit=1").await, ["player_seated"]);
    assert!(page("?after=3").await.is_empty());
    assert!(page("?after=77").await.is_empty());
}

#[tokio::test]
async fn a_private_game_is_unknown_to_strangers() {
    let world = World::start().await;
    let private = json!({"visibility": "private"});
    let made = reply(world.request("POST", "/game").json(&private))
        .await
        .json();
    let game = text(&made["game"]["gameId"]);
    let unknown = uuid::Uuid::now_v7().to_string();
    let stranger = reply(world.request("POST", "/players")).await.json();
    let stranger = text(&stranger["token"]);
    for (method, path) in [
        ("GET", "/game/{}"),
        ("GET", "/game/{}?version=1"),
        ("GET", "/game/{}/events"),
        ("POST", "/game/{}/resign"),
        ("POST", "/game/{}/draw"),
        ("DELETE", "/game/{}/draw"),
        ("POST", "/game/{}/rematch"),
    ] {
        let ask = async |id: &str| {
            let mut answer = world
                .call(&stranger, method, &path.replace("{}", id), NOTHING)
                .await;
            let request_id = answer.header("x-amzn-requestid").to_owned();
            answer.text = answer.text.replace(&request_id, "");
            (answer.status, answer.text)
        };
        let (status, of_private) = ask(&game).await;
        assert_eq!(status, 404, "{method} {path}");
        assert_eq!((status, of_private), ask(&unknown).await, "{method} {path}");
    }
    let move_in = async |id: &str| {
        let body = json!({"gameId": id, "move": 1});
        world.call(&stranger, "PUT", "/game", body).await.code()
    };
    assert_eq!(move_in(&game).await, "game_not_found");
    assert_eq!(move_in(&unknown).await, "game_not_found");
}
