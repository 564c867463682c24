//! What is answered before there is a socket, and how credentials travel.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::json;

use crate::support::server::TestServer;
use crate::world::{World, assert_is_full, open, refusal, refused};

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_sends_key_and_token_as_subprotocols() {
    let world = World::start().await;
    let table = world.table().await;
    let key = &world.server.key;
    let token = &table.tokens[0];
    let encoded = URL_SAFE_NO_PAD.encode(key);
    for offered in [
        format!("turnkey.v1, x-api-key.{key}, bearer.{token}"),
        format!("x-api-key-b64.{encoded}, bearer.{token}, turnkey.v1"),
    ] {
        let mut request = world.bare_request("");
        let headers = request.headers_mut();
        headers.insert("sec-websocket-protocol", offered.parse().unwrap());
        let (mut socket, response) = open(request).await.unwrap();
        assert_eq!(response.headers()["sec-websocket-protocol"], "turnkey.v1");
        socket.say(json!({"type": "subscribe", "mine": true})).await;
        assert_eq!(
            socket.many(3).await,
            ["snapshot 2", "subscribed 2", "subscribed"]
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_wins_over_a_subprotocol() {
    let world = World::start().await;
    let offered = format!("turnkey.v1, x-api-key.{}", world.server.key);
    let mut request = world.bare_request("");
    let headers = request.headers_mut();
    headers.insert("sec-websocket-protocol", offered.parse().unwrap());
    headers.insert("x-api-key", "no key at all".parse().unwrap());
    let (status, body) = refused(request).await;
    assert_eq!((status, body), (403, json!({"message": "Forbidden"})));
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_over_http() {
    let world = World::start().await;
    let with = |name: &'static str, value: &str| {
        let mut request = world.request("");
        request.headers_mut().insert(name, value.parse().unwrap());
        request
    };
    let mut without_protocol = world.request("");
    let offered = without_protocol.headers_mut();
    offered.insert("sec-websocket-protocol", "graphql-ws".parse().unwrap());

    let (status, body) = refused(world.bare_request("")).await;
    assert_eq!((status, body), (403, json!({"message": "Forbidden"})));
    let (status, body) = refused(without_protocol).await;
    assert_eq!((status, &body["code"]), (400, &json!("malformed")));
    let (status, body) = refused(with("authorization", "Bearer nonsense")).await;
    assert_eq!(
        (status, &body["code"]),
        (401, &json!("player_token_invalid"))
    );
    let (status, body) = refused(with("sec-websocket-version", "12")).await;
    assert_eq!((status, &body["code"]), (426, &json!("upgrade_required")));
    let told = refusal(with("sec-websocket-version", "12")).await;
    assert_eq!(told.headers()["upgrade"], "websocket");
    let told = refusal(with("authorization", "Bearer nonsense")).await;
    assert!(told.headers().contains_key("www-authenticate"));
    for (query, says) in [
        ("after=1", "right behind its game"),
        ("game=a&game=b&after=1&after=2", "right behind its game"),
        ("game=a:1&after=1", "right behind its game"),
        ("game=a:x", "a whole number"),
        ("game[]=a", "is unknown"),
        ("games=a", "is unknown"),
        ("game=", "name a game"),
    ] {
        let (status, body) = refused(world.request(query)).await;
        assert_eq!(
            (status, &body["code"]),
            (400, &json!("malformed")),
            "{query}"
        );
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.contains(says), "{query}: {detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_stage_has_a_channel_of_its_own() {
    let world = World::start().await;
    let at = |path: &str| {
        let address = world.server.live().replace("/live", path);
        let mut request = world.request("");
        *request.uri_mut() = address.parse().unwrap();
        request
    };
    let (mut socket, _) = open(at("/dev/live")).await.unwrap();
    socket.settled().await;
    let (status, body) = refused(at("/elsewhere/live")).await;
    assert_eq!((status, &body["code"]), (404, &json!("not_found")));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_origin_is_listed_only_foreign_pages_are_refused() {
    let world = World::start().await;
    let own = world.server.base.clone();
    let (_, port) = own.rsplit_once(':').unwrap();
    for origin in [own.clone(), own.replace("http:", "ws:")] {
        let mut request = world.request("");
        let headers = request.headers_mut();
        headers.insert("origin", origin.parse().unwrap());
        let (mut socket, _) = open(request).await.unwrap();
        socket.settled().await;
    }
    for origin in [
        "https://other.example",
        "http://127.0.0.1:1",
        "http://127.0.0.1",
        &format!("http://localhost:{port}"),
        &format!("https://other.example:{port}"),
        "null",
        "file://",
        "capacitor://localhost",
    ] {
        let mut request = world.request("");
        let headers = request.headers_mut();
        headers.insert("origin", origin.parse().unwrap());
        // Nobody but us makes that up.
        headers.insert("x-forwarded-host", "other.example".parse().unwrap());
        let (status, body) = refused(request).await;
        let expected = (403, json!({"message": "Forbidden"}));
        assert_eq!((status, body), expected, "{origin}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_other_origins_open_no_socket() {
    let allowed = "https://game.example";
    let server = TestServer::start_with(|options| {
        options.cors_origins = Some(allowed.into());
    })
    .await;
    let world = World::of(server);
    for (origin, is_allowed) in [(allowed, true), ("https://other.example", false)] {
        let mut request = world.request("");
        request
            .headers_mut()
            .insert("origin", origin.parse().unwrap());
        match is_allowed {
            true => drop(open(request).await.unwrap()),
            false => assert_eq!(refused(request).await.0, 403),
        }
    }
    drop(world.connect("").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_server_says_so_and_has_room_again() {
    let server = TestServer::start_with(|options| options.max_sockets = Some("2".into())).await;
    let world = World::of(server);
    let first = world.connect("").await;
    let mut second = world.connect("").await;
    assert_is_full(&refusal(world.request("")).await);
    second.settled().await;
    drop(first);
    loop {
        match open(world.request("")).await {
            Ok((mut third, _)) => return third.settled().await,
            Err(_) => tokio::task::yield_now().await,
        }
    }
}
