//! What is not as it should be: each gets the answer that says why, and leaves no event.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{World, reply};

const DEEP: usize = 10_000;

/// Method, path, body, status, code, and what `detail` names.
type Row = (
    &'static str,
    &'static str,
    String,
    u16,
    &'static str,
    &'static str,
);

fn row(
    call: (&'static str, &'static str),
    body: impl ToString,
    status: u16,
    code: &'static str,
    names: &'static str,
) -> Row {
    (call.0, call.1, body.to_string(), status, code, names)
}

fn of_new_games() -> Vec<Row> {
    let bad = |body: &str, names| row(("POST", "/game"), body, 400, "malformed", names);
    let no = |body: &str, code, names| row(("POST", "/game"), body, 422, code, names);
    vec![
        bad("nonsense", "line 1"),
        bad("{", "line 1"),
        bad("[]", "object"),
        bad("[\"tic-tac-toe\"]", "object"),
        bad("null", "object"),
        bad("{} {}", "after"),
        bad(r#"{"colour":"red"}"#, "colour"),
        bad(r#"{"variant":3}"#, "variant"),
        bad(r#"{"variant":"a","variant":"b"}"#, "variant"),
        bad(r#"{"name":"\u0000"}"#, "name"),
        bad(r#"{"name":"\ud800"}"#, "line 1"),
        bad(r#"{"name":"a\u0007b"}"#, "name"),
        bad(r#"{"name":""}"#, "name"),
        bad(r#"{"name":"   "}"#, "name"),
        bad(r#"{"name":["Ann"]}"#, "name"),
        bad(&json!({"name": "x".repeat(41)}).to_string(), "name"),
        bad(r#"{"seat":"Z"}"#, "seat"),
        bad(r#"{"opponent":"nobody"}"#, "opponent"),
        bad(r#"{"visibility":"public"}"#, "visibility"),
        bad(r#"{"options":[]}"#, "options"),
        bad(&format!(r#"{{"options":{}"#, "[".repeat(DEEP)), "recursion"),
        bad(
            &format!(r#"{{"options":{}"#, r#"{"a":"#.repeat(DEEP / 10)),
            "recursion",
        ),
        no(r#"{"variant":"chess"}"#, "unknown_variant", "chess"),
        no(r#"{"options":{"size":4}}"#, "invalid_option", "size"),
        no(r#"{"turnSeconds":60}"#, "invalid_option", "release"),
        no(r#"{"level":3}"#, "invalid_option", "release"),
        no(r#"{"opponent":"bot"}"#, "invalid_option", "release"),
    ]
}

fn of_moves(game: &str) -> Vec<Row> {
    let bad = |body: Value, names| row(("PUT", "/game"), body, 400, "malformed", names);
    let versioned = |version: Value| json!({"gameId": game, "move": 4, "version": version});
    let raw = |version: &str| {
        let body = format!(r#"{{"gameId":"{game}","move":4,"version":{version}}}"#);
        row(("PUT", "/game"), body, 400, "malformed", "version")
    };
    vec![
        row(("PUT", "/game"), "", 400, "malformed", "gameId"),
        bad(json!({"move": 4}), "gameId"),
        bad(json!({"gameId": 4, "move": 4}), "gameId"),
        bad(json!({"gameId": game}), "move"),
        bad(json!({"gameId": game, "move": "centre"}), "move"),
        bad(json!({"gameId": game, "move": 4.5}), "move"),
        bad(versioned(json!(-1)), "version"),
        bad(versioned(json!(0)), "version"),
        bad(versioned(json!(2_147_483_648_u32)), "version"),
        bad(versioned(json!("2")), "version"),
        bad(versioned(json!(1.5)), "version"),
        raw("9223372036854775808"),
        raw("1e99"),
        raw("99999999999999999999999999"),
        row(
            ("PUT", "/game"),
            versioned(json!(99)),
            409,
            "version_conflict",
            "",
        ),
        row(
            ("PUT", "/game"),
            versioned(json!(3)),
            409,
            "version_conflict",
            "",
        ),
        row(
            ("PUT", "/game"),
            json!({"gameId": game, "move": 9}),
            422,
            "illegal_move",
            "9",
        ),
        row(
            ("PUT", "/game"),
            json!({"gameId": "x", "move": 4}),
            404,
            "game_not_found",
            "",
        ),
        row(
            ("PUT", "/game"),
            json!({"gameId": Uuid::nil(), "move": 4}),
            404,
            "game_not_found",
            "",
        ),
    ]
}

fn of_others() -> Vec<Row> {
    let bad = |call, body: &str, names| row(call, body, 400, "malformed", names);
    vec![
        bad(("POST", "/join"), "", "invite"),
        bad(("POST", "/join"), r#"{"invite":3}"#, "invite"),
        bad(("POST", "/join"), r#"{"invite":"x","side":"O"}"#, "side"),
        row(
            ("POST", "/join"),
            r#"{"invite":"ZZZZ-ZZZZ"}"#,
            404,
            "invite_not_found",
            "",
        ),
        row(
            ("POST", "/join"),
            r#"{"invite":"nonsense!"}"#,
            404,
            "invite_not_found",
            "",
        ),
        bad(("POST", "/players"), r#"{"nick":"Ann"}"#, "nick"),
        bad(("PATCH", "/players/me"), "", "name"),
        bad(("PATCH", "/players/me"), r#"{"name":null}"#, "name"),
        bad(("GET", "/games?limit=0"), "", "limit"),
        bad(("GET", "/games?limit=x"), "", "limit"),
        bad(("GET", "/games?limit=5&limit=6"), "", "limit"),
        bad(("GET", "/games?status=lost"), "", "status"),
        bad(("GET", "/games?cursor=nonsense"), "", "cursor"),
        row(("GET", "/game/x"), "", 404, "game_not_found", ""),
        row(("GET", "/game/%00"), "", 404, "game_not_found", ""),
        row(("GET", "/game/%ff"), "", 404, "game_not_found", ""),
        row(("POST", "/game/x/resign"), "", 404, "game_not_found", ""),
        row(("GET", "/live"), "", 426, "upgrade_required", ""),
    ]
}

#[tokio::test]
async fn bad_input_is_told_why() {
    let world = World::start().await;
    let (game, ann, _) = world.begun_game().await;
    let events = world.recorded_events().await;
    let rows = of_new_games()
        .into_iter()
        .chain(of_moves(&game))
        .chain(of_others());
    for (method, path, body, status, code, names) in rows {
        let call = format!("{method} {path} {}", &body[..body.len().min(80)]);
        let mut request = world.request(method, path).bearer_auth(&ann);
        if !body.is_empty() {
            request = request
                .header("content-type", "application/json")
                .body(body);
        }
        let answer = reply(request).await;
        assert_eq!(answer.status, status, "{call}: {}", answer.text);
        assert_eq!(answer.code(), code, "{call}");
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{call}"
        );
        let problem = answer.json();
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains(names), "{call}: {detail}");
        assert_eq!(problem["message"], problem["detail"], "{call}");
        assert_eq!(
            problem["requestId"],
            answer.header("x-amzn-requestid"),
            "{call}"
        );
        assert_eq!(problem["game"].is_object(), status == 409, "{call}");
    }
    assert_eq!(world.recorded_events().await, events);
}

#[tokio::test]
async fn bad_queries_of_a_game() {
    let world = World::start().await;
    let (game, ann, _) = world.begun_game().await;
    for (query, names) in [
        ("?version=0", "version"),
        ("?version=3", "version"),
        ("?version=x", "version"),
        ("?version=99999999999999999999", "version"),
        ("?version=1&version=2", "version"),
        ("/events?after=-1", "after"),
        ("/events?after=", "after"),
        ("/events?limit=501", "limit"),
        ("/events?limit=0", "limit"),
    ] {
        let answer = world
            .call(&ann, "GET", &format!("/game/{game}{query}"), Value::Null)
            .await;
        assert_eq!(
            (answer.status.as_u16(), answer.code().as_str()),
            (400, "malformed"),
            "{query}"
        );
        assert!(
            answer.json()["detail"].as_str().unwrap().contains(names),
            "{query}"
        );
    }
    let ignored = format!("/game/{game}?colour=red&_=1");
    assert_eq!(
        world.call(&ann, "GET", &ignored, Value::Null).await.status,
        200
    );
}

#[tokio::test]
async fn headers_of_a_wrong_form() {
    let world = World::start().await;
    let long = "k".repeat(256);
    for key in ["", "two words", "tab\there", long.as_str(), "not-a-uuid"] {
        let answer = reply(
            world
                .request("POST", "/game")
                .header("idempotency-key", key),
        )
        .await;
        assert_eq!(answer.status, 400, "{key:?}");
        assert!(
            answer.text.to_lowercase().contains("idempotency-key"),
            "{}",
            answer.text
        );
    }
    for authorization in [
        "Basic eDp5",
        "Bearer",
        "Bearer a.b.c",
        "nonsense",
        "Bearer \u{fc}",
    ] {
        let request = world
            .request("GET", "/players/me")
            .header("authorization", authorization);
        let answer = reply(request).await;
        assert_eq!(answer.status, 401, "{authorization}");
        assert_eq!(answer.code(), "player_token_invalid");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    let without = reply(world.request("GET", "/players/me")).await;
    assert_eq!(
        (without.status.as_u16(), without.code().as_str()),
        (401, "player_token_required")
    );
    assert_eq!(world.recorded_events().await, 0);
}

#[tokio::test]
async fn content_types() {
    let world = World::start().await;
    for (kind, status) in [
        ("application/json", 201),
        ("application/json; charset=UTF-8", 201),
        ("application/json; charset=latin1", 415),
        ("text/json", 415),
        ("application/x-www-form-urlencoded", 415),
    ] {
        let request = world
            .request("POST", "/game")
            .header("content-type", kind)
            .body("{}");
        assert_eq!(reply(request).await.status, status, "{kind}");
    }
    assert_eq!(
        reply(world.request("POST", "/game").body("{}"))
            .await
            .status,
        415
    );
    let zipped = world
        .request("POST", "/game")
        .json(&json!({}))
        .header("content-encoding", "gzip");
    assert_eq!(reply(zipped).await.status, 415);
    // No body has no type, whatever the header says.
    let none = world
        .request("POST", "/game")
        .header("content-type", "text/plain");
    assert_eq!(reply(none).await.status, 201);
}
