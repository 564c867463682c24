//! Before any call: names, credentials, guesses, metrics, browsers.

use serde_json::{Value, json};

use crate::support::server::{ADMIN_TOKEN, TestServer};
use crate::world::{World, answer};

#[tokio::test]
async fn nothing_is_answered_without_credentials() {
    let world = World::start().await;
    let paths = [
        "/",
        "/account",
        "/apikeys",
        "/nope",
        "/turnkey/audit",
        "/%ff",
    ];
    for path in paths {
        let refused = answer(world.request("GET", path)).await;
        let kind = refused.kind.as_deref();
        assert_eq!(kind, Some("MissingAuthenticationTokenException"), "{path}");
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.body["message"].is_string(), "{path}");
    }
    let right = world.call("GET", "/account", Value::Null).await;
    assert_eq!(right.status, 200);
    world.server.stop().await;
}

#[tokio::test]
async fn a_foreign_name_is_refused_before_credentials_are_looked_at() {
    let world = World::start().await;
    let named = |host: &str| {
        let request = world.request("GET", "/account").bearer_auth(ADMIN_TOKEN);
        answer(request.header("host", host))
    };
    for foreign in [
        "evil.example",
        "127.0.0.1.evil.example:8081",
        "localhost.evil",
    ] {
        assert_eq!(named(foreign).await.status, 421, "{foreign}");
    }
    for ours in ["127.0.0.1", "localhost:1", "[::1]:8081"] {
        assert_eq!(named(ours).await.status, 200, "{ours}");
    }
    let metrics = world
        .request("GET", "/metrics")
        .header("host", "evil.example");
    assert_eq!(answer(metrics).await.status, 421);
    world.server.stop().await;
}

#[tokio::test]
async fn a_listed_name_is_ours() {
    let server = TestServer::start_with(|options| {
        options.control_hosts = Some("control.example".into());
    });
    let world = World {
        server: server.await,
        http: reqwest::Client::new(),
    };
    let request = world.request("GET", "/account").bearer_auth(ADMIN_TOKEN);
    let named = request.header("host", "Control.Example:443");
    assert_eq!(answer(named).await.status, 200);
    world.server.stop().await;
}

#[tokio::test]
async fn ten_wrong_credentials_in_a_minute_are_enough() {
    let world = World::start().await;
    let with = |token: &'static str| answer(world.request("GET", "/account").bearer_auth(token));
    for _ in 0..10 {
        let refused = with("wrong").await;
        assert_eq!(refused.status, 403);
        assert_eq!(refused.kind.as_deref(), Some("UnrecognizedClientException"));
    }
    for token in ["wrong", ADMIN_TOKEN] {
        let refused = with(token).await;
        assert_eq!(refused.status, 429);
        assert_eq!(refused.kind.as_deref(), Some("TooManyRequestsException"));
    }
    // Who shows none is told so, and was not counted.
    let none = answer(world.request("GET", "/account")).await;
    assert_eq!(none.status, 403);
    world.server.stop().await;
}

#[tokio::test]
async fn metrics_are_for_loopback_peers_that_speak_for_themselves() {
    let world = World::start().await;
    let metrics = || world.request("GET", "/metrics");
    let open = answer(metrics()).await;
    assert_eq!(open.status, 200);
    let text = open.body.as_str().unwrap();
    assert!(text.contains("\nturnkey_append_events_total "), "{text}");
    for name in ["x-forwarded-for", "forwarded", "x-real-ip", "via"] {
        let refused = answer(metrics().header(name, "10.0.0.1")).await;
        assert_eq!(refused.status, 403, "{name}");
        let named = metrics().header(name, "10.0.0.1").bearer_auth(ADMIN_TOKEN);
        assert_eq!(answer(named).await.status, 200, "{name}");
    }
    world.server.stop().await;
}

#[tokio::test]
async fn browsers_are_not_let_in() {
    let world = World::start().await;
    let preflight = world
        .request("OPTIONS", "/apikeys")
        .header("origin", "https://evil.example")
        .header("access-control-request-method", "POST");
    let response = preflight.send().await.unwrap();
    assert_eq!(response.status(), 403);
    let names = response.headers().keys();
    let mut names = names.map(|name| name.as_str());
    assert!(!names.any(|name| name.starts_with("access-control")));
    world.server.stop().await;
}

#[tokio::test]
async fn no_answer_but_the_one_that_made_it_holds_a_value() {
    let world = World::start().await;
    let (id, value) = world.key().await;
    let plan = world.first_plan().await;
    let member = json!({"keyId": id, "keyType": "API_KEY"});
    let added = world
        .done("POST", &format!("/usageplans/{plan}/keys"), member)
        .await;
    let mut shown = added.to_string();
    for path in [
        format!("/apikeys/{id}?includeValue=true"),
        "/apikeys?includeValues=true".to_owned(),
        format!("/usageplans/{plan}/keys/{id}"),
        format!("/usageplans/{plan}/keys"),
        "/turnkey/audit?limit=500".to_owned(),
    ] {
        shown += &world.done("GET", &path, Value::Null).await.to_string();
    }
    assert!(shown.contains(&id));
    assert!(!shown.contains(&value[11..43]), "the secret part is shown");
    assert!(!shown.contains("argon2"), "a hash is shown");
    world.server.stop().await;
}
