//! The success path of every call.

use serde_json::{Value, json};

use crate::world::{PATIENCE, World, reply, text};

const NOTHING: Value = Value::Null;

#[tokio::test]
async fn two_players_play_a_game() {
    let world = World::start().await;
    let body = json!({"variant": "tic-tac-toe", "name": " Ann ", "seat": "X"});
    let made = reply(world.request("POST", "/dev/game").json(&body)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.header("etag"), "\"1\"");
    let created = made.json();
    let game = text(&created["game"]["gameId"]);
    assert_eq!(made.header("location"), format!("/dev/game/{game}"));
    assert_eq!(created["seat"], "X");
    assert_eq!(created["game"]["status"], "waiting");
    assert_eq!(created["game"]["yourSeats"], json!(["X"]));
    assert_eq!(created["game"]["seats"]["X"]["name"], "Ann");
    let ann = text(&created["player"]["token"]);

    let invite = json!({"invite": text(&created["invite"]).to_lowercase(), "name": "Bob"});
    let joined = reply(world.request("POST", "/join").json(&invite)).await;
    assert_eq!(joined.status, 200, "{}", joined.text);
    let joined = joined.json();
    assert!(joined.get("invite").is_none() && joined["seat"] == "O");
    let bob = text(&joined["player"]["token"]);

    let mut version = 2;
    for (token, cell) in [(&ann, 0), (&bob, 4), (&ann, 1), (&bob, 5), (&ann, 2)] {
        let played = json!({"gameId": game, "move": cell, "version": version});
        let answer = world.call(token, "PUT", "/dev/game", played.clone()).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        version += 1;
        assert_eq!(answer.header("etag"), format!("\"{version}\""));
        assert_eq!(answer.header("turnkey-replayed"), "");
        let again = world.call(token, "PUT", "/dev/game", played).await;
        assert_eq!(
            (again.status.as_u16(), again.header("turnkey-replayed")),
            (200, "true")
        );
        assert_eq!(again.json(), answer.json());
    }
    let over = world
        .call(&bob, "GET", &format!("/game/{game}"), NOTHING)
        .await
        .json();
    let result =
        json!({"outcome": "win", "winner": "X", "winners": ["X"], "by": "line", "line": [0, 1, 2]});
    assert_eq!(
        (&over["status"], &over["result"]),
        (&json!("finished"), &result)
    );

    let next = world
        .call(&bob, "POST", &format!("/dev/game/{game}/rematch"), NOTHING)
        .await;
    assert_eq!(next.status, 201, "{}", next.text);
    assert!(next.header("location").starts_with("/dev/game/"));
    let other = world
        .call(&ann, "POST", &format!("/game/{game}/rematch"), NOTHING)
        .await;
    assert_eq!(other.status, 200, "{}", other.text);
    assert_eq!(
        other.json()["game"]["gameId"],
        next.json()["game"]["gameId"]
    );
    assert_eq!(other.json()["seat"], "O");
}

#[tokio::test]
async fn without_a_body_everything_has_its_default() {
    let world = World::start().await;
    let made = reply(world.request("POST", "/game")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let created = made.json();
    let game = text(&created["game"]["gameId"]);
    assert_eq!(made.header("location"), format!("/game/{game}"));
    assert_eq!(created["game"]["variant"], "tic-tac-toe");
    assert_eq!(created["game"]["visibility"], "unlisted");
    assert_eq!(created["game"]["seats"]["X"]["name"], Value::Null);
    assert_eq!(created["game"]["turnSeconds"], Value::Null);
    assert_eq!(created["game"]["turnDeadline"], Value::Null);
}

#[tokio::test]
async fn draws_and_resigning() {
    let world = World::start().await;
    let (game, ann, bob) = world.begun_game().await;
    let draw = format!("/game/{game}/draw");
    let offered = world.call(&ann, "POST", &draw, NOTHING).await;
    assert_eq!(offered.status, 200, "{}", offered.text);
    assert_eq!(offered.json()["drawOfferedBy"], "X");
    let repeated = world.call(&ann, "POST", &draw, NOTHING).await;
    assert_eq!(repeated.header("turnkey-replayed"), "true");
    let declined = world.call(&bob, "DELETE", &draw, NOTHING).await;
    assert_eq!(declined.json()["drawOfferedBy"], Value::Null);
    let again = world.call(&ann, "POST", &draw, NOTHING).await;
    assert_eq!(
        (again.status.as_u16(), again.code().as_str()),
        (409, "draw_already_offered")
    );
    let resigned = world
        .call(&bob, "POST", &format!("/game/{game}/resign"), NOTHING)
        .await;
    assert_eq!(resigned.status, 200);
    assert_eq!(resigned.json()["result"]["by"], "resignation");
    assert_eq!(
        resigned.header("etag"),
        format!("\"{}\"", resigned.json()["version"])
    );
}

#[tokio::test]
async fn players() {
    let world = World::start().await;
    let made = reply(
        world
            .request("POST", "/dev/players")
            .json(&json!({"name": "Ann"})),
    )
    .await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.header("location"), "/dev/players/me");
    let token = text(&made.json()["token"]);
    let me = world.call(&token, "GET", "/players/me", NOTHING).await;
    assert_eq!(
        me.json(),
        json!({"playerId": made.json()["playerId"], "name": "Ann"})
    );
    let renamed = world
        .call(&token, "PATCH", "/players/me", json!({"name": "Eve"}))
        .await;
    assert_eq!(
        (renamed.status.as_u16(), &renamed.json()["name"]),
        (200, &json!("Eve"))
    );
    let gone = world.call(&token, "DELETE", "/players/me", NOTHING).await;
    assert_eq!((gone.status.as_u16(), gone.text.as_str()), (204, ""));
    let after = world.call(&token, "GET", "/players/me", NOTHING).await;
    assert_eq!(
        (after.status.as_u16(), after.code().as_str()),
        (401, "player_token_invalid")
    );
    assert_eq!(reply(world.request("POST", "/players")).await.status, 201);
}

#[tokio::test]
async fn lists() {
    let world = World::start().await;
    let variants = reply(world.request("GET", "/variants")).await;
    assert_eq!(variants.status, 200);
    let variants = variants.json()["variants"].as_array().unwrap().clone();
    let ids: Vec<&str> = variants
        .iter()
        .map(|one| one["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        ids,
        [
            "battleship",
            "connect-four",
            "gomoku",
            "pig",
            "tic-tac-toe",
            "ultimate-tic-tac-toe"
        ]
    );
    let (game, ann, _) = world.begun_game().await;
    let deadline = tokio::time::Instant::now() + PATIENCE;
    loop {
        let mine = world
            .call(&ann, "GET", "/games?status=playing&limit=5", NOTHING)
            .await;
        assert_eq!(mine.status, 200, "{}", mine.text);
        let mine = mine.json();
        if mine["games"][0]["gameId"] == game.as_str() {
            assert_eq!(mine["next"], Value::Null);
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "{mine}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_repeat_with_an_idempotency_key() {
    let world = World::start().await;
    let key = uuid::Uuid::now_v7().to_string();
    let ask = |name: &str| {
        let request = world.request("POST", "/game").json(&json!({"name": name}));
        request.header("idempotency-key", &key)
    };
    let first = reply(ask("Ann")).await;
    let second = reply(ask("Ann")).await;
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (201, 201));
    let (one, two) = (first.json(), second.json());
    assert_eq!(one["game"]["gameId"], two["game"]["gameId"]);
    assert_eq!(one["invite"], two["invite"]);
    assert_eq!(one["player"]["playerId"], two["player"]["playerId"]);
    assert_eq!(second.header("location"), first.header("location"));
    let other = reply(ask("Eve")).await;
    assert_eq!(
        (other.status.as_u16(), other.code().as_str()),
        (422, "idempotency_key_reused")
    );
}
