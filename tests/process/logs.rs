//! The log: lines of JSON, one for each request on either listener, one for each socket's end.

use std::collections::BTreeSet;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::observed::{Observed, answered};
use crate::support::server::ADMIN_TOKEN;
use crate::support::until;

const DEADLINE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn every_request_is_one_line_of_json() {
    let server = Observed::start(&[]).await;
    let public = |method, path: &str| server.request(method, path);
    let keyed = |method, path: &str| public(method, path).header("x-api-key", &server.key);
    let mut wanted: Vec<(String, Value)> = Vec::new();

    let preflight = public(Method::OPTIONS, "/game")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST");
    for (request, route, refusal) in [
        (public(Method::GET, "/healthz"), "/healthz", Value::Null),
        (public(Method::GET, "/readyz"), "/readyz", Value::Null),
        (preflight, "preflight", Value::Null),
        (
            public(Method::GET, "/no/such"),
            "unknown",
            "not_found".into(),
        ),
        (
            public(Method::PATCH, "/game"),
            "unknown",
            "method_not_allowed".into(),
        ),
        (
            public(Method::GET, "/variants"),
            "/variants",
            "key_missing".into(),
        ),
        (
            public(Method::GET, "/variants").header("x-api-key", "wrong"),
            "/variants",
            "key_malformed".into(),
        ),
        (
            keyed(Method::GET, "/dev/variants"),
            "/variants",
            Value::Null,
        ),
        (
            keyed(Method::GET, "/games"),
            "/games",
            "player_token_required".into(),
        ),
        (
            keyed(Method::POST, "/game").json(&json!({"move": 1})),
            "/game",
            "malformed".into(),
        ),
        (
            keyed(Method::GET, "/live"),
            "/live",
            "upgrade_required".into(),
        ),
        (
            keyed(Method::GET, "/live").header("origin", "https://page.example"),
            "/live",
            "origin_refused".into(),
        ),
        (
            public(Method::GET, "/live").header("origin", "https://page.example"),
            "/live",
            "key_missing".into(),
        ),
    ] {
        let (status, id) = answered(request).await;
        let line = json!({
            "listener": "public", "route": route, "status": status.as_u16(), "refusal": refusal,
        });
        wanted.push((id, line));
    }
    let control = |path: &str| server.control(Method::GET, path);
    for (request, route, path, refusal) in [
        (control("/metrics"), "/metrics", Value::Null, Value::Null),
        (
            control("/apikeys"),
            "/apikeys",
            Value::Null,
            "MissingAuthenticationTokenException".into(),
        ),
        (
            control("/apikeys?limit=1").bearer_auth(ADMIN_TOKEN),
            "/apikeys",
            "/apikeys".into(),
            Value::Null,
        ),
        (
            control("/apikeys/nosuch").bearer_auth(ADMIN_TOKEN),
            "/apikeys",
            "/apikeys/nosuch".into(),
            "NotFoundException".into(),
        ),
    ] {
        let (status, id) = answered(request).await;
        let line = json!({
            "listener": "control", "route": route, "path": path, "status": status.as_u16(),
            "refusal": refusal,
        });
        wanted.push((id, line));
    }

    until(DEADLINE, || {
        requests(&server.log_lines()).len() >= wanted.len()
    })
    .await;
    let lines = requests(&server.log_lines());
    assert_eq!(lines.len(), wanted.len(), "{lines:#?}");
    for (id, wanted) in wanted {
        let of_request: Vec<_> = lines
            .iter()
            .filter(|line| line["request_id"] == id)
            .collect();
        let [line] = of_request[..] else {
            panic!("one line for {id}: {of_request:#?}");
        };
        for (field, value) in wanted.as_object().unwrap() {
            assert_eq!(line[field], *value, "{field}: {line}");
        }
        assert!(line["latency_ms"].is_f64(), "{line}");
        assert_eq!(line["level"], "INFO");
    }
    assert!(!server.log().contains(&server.key), "no key is logged");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_game_and_a_socket_can_be_followed_through_the_log() {
    let server = Observed::start(&[]).await;
    let client = server.client();
    let (game, tokens) = client.new_game().await;
    client.play(&tokens[0], &game, 4, 2).await;
    let mut watcher = client.watch(&format!("game={game}")).await;
    watcher.until("subscribed").await;
    drop(watcher);

    let closed = |lines: &[Value]| lines.iter().find(|line| is(line, "socket closed")).cloned();
    until(DEADLINE, || closed(&server.log_lines()).is_some()).await;
    let lines = server.log_lines();
    let requests = requests(&lines);
    let of_game: Vec<_> = requests
        .iter()
        .filter(|line| line["game_id"] == game.as_str())
        .collect();
    let calls: BTreeSet<_> = of_game
        .iter()
        .map(|line| {
            (
                line["method"].as_str().unwrap(),
                line["route"].as_str().unwrap(),
            )
        })
        .collect();
    let expected = [("POST", "/game"), ("POST", "/join"), ("PUT", "/game")];
    assert_eq!(calls, BTreeSet::from(expected));
    let upgrade: Vec<_> = requests
        .iter()
        .filter(|line| line["status"] == 101)
        .collect();
    let [upgrade] = upgrade[..] else {
        panic!("one line for the upgrade: {upgrade:#?}");
    };
    let closed = closed(&lines).unwrap();
    assert_eq!(closed["request_id"], upgrade["request_id"], "{closed}");
    assert_eq!(closed["stage"], "dev");
    assert_eq!(closed["reason"], "lost");
    assert_eq!(closed["close_code"], 1006);
    assert_eq!(closed["frames"], 3, "hello, snapshot, subscribed: {closed}");
    for line in of_game {
        assert_eq!(line["key_id"].as_str().map(str::len), Some(10), "{line}");
        assert_eq!(line["key_id"], closed["key_id"]);
    }
    for token in &tokens {
        assert!(!server.log().contains(token), "no token is logged");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fields_of_these_lines_are_documented() {
    let server = Observed::start(&[]).await;
    let client = server.client();
    let (game, _) = client.new_game().await;
    let mut watcher = client.watch(&format!("game={game}")).await;
    watcher.until("subscribed").await;
    drop(watcher);
    answered(server.request(Method::GET, "/variants")).await;
    answered(
        server
            .control(Method::GET, "/apikeys")
            .bearer_auth(ADMIN_TOKEN),
    )
    .await;
    until(DEADLINE, || {
        server
            .log_lines()
            .iter()
            .any(|line| is(line, "socket closed"))
    })
    .await;

    let written: BTreeSet<String> = server
        .log_lines()
        .into_iter()
        .filter(|line| is(line, "request") || is(line, "socket closed"))
        .flat_map(|line| {
            line.as_object()
                .unwrap()
                .keys()
                .cloned()
                .collect::<Vec<_>>()
        })
        .collect();
    let documented = crate::operations::documented("field");
    assert_eq!(written, documented, "docs/OPERATIONS.md, Log");
}

fn is(line: &Value, message: &str) -> bool {
    line["message"] == message
}

fn requests(lines: &[Value]) -> Vec<Value> {
    let requests = lines.iter().filter(|line| is(line, "request"));
    requests.cloned().collect()
}
