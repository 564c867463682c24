//! Sockets whose key or player is no longer good are closed.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::handshake::client::Request;
use turnkey::gate::ApiKeyValue;
use turnkey::gate::issue;
use turnkey::store::{KeyId, Store};

use crate::support::postgres;
use crate::support::proxy::Proxy;
use crate::support::server::{ADMIN_TOKEN, TestServer};
use crate::world::{Socket, World, open};

/// A second by contract; the machine that runs the tests does much else.
const SOON: Duration = Duration::from_secs(10);

/// A socket that was opened with a key of its own.
pub async fn socket_with_own_key(world: &World) -> (Store, KeyId, Socket) {
    let (store, id, value) = own_key(world).await;
    let socket = until_open(|| with_value(world, &value)).await;
    (store, id, socket)
}

/// A key in the plan of stage `dev`, and its value.
async fn own_key(world: &World) -> (Store, KeyId, String) {
    let store = Store::new(world.server.database.clone(), 2);
    let plan = store.plan_named("dev").await.unwrap();
    let value = ApiKeyValue::generate();
    let key = issue::create_key(&store, &issue::new_key("app"), &value, plan.as_ref())
        .await
        .unwrap();
    (store, key.id, value.expose().to_owned())
}

/// A handshake with this value as its key.
fn with_value(world: &World, value: &str) -> Request {
    let mut request = world.request("");
    let headers = request.headers_mut();
    headers.insert("x-api-key", value.parse().unwrap());
    request
}

/// Tries until the server knows what the handshake needs.
async fn until_open(request: impl Fn() -> Request) -> Socket {
    let deadline = Instant::now() + SOON;
    loop {
        match open(request()).await {
            Ok((socket, _)) => return socket,
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    }
}

/// Reads to the close, which must be that of a key without its right.
async fn assert_loses_its_right(socket: &mut Socket, why: &str) {
    let ended = timeout(SOON, socket.farewell()).await;
    let (goodbye, code) = ended.unwrap_or_else(|_| panic!("{why}: the socket stays open"));
    assert_eq!(code, Some(4403), "{why}");
    assert_eq!(goodbye.expect(why)["reason"], "key_revoked", "{why}");
}

/// A call of the control plane that must succeed.
async fn control(world: &World, method: Method, path: &str, body: Value) -> Value {
    let url = format!("{}{path}", world.server.control);
    let request = reqwest::Client::new().request(method, url).json(&body);
    let answer = request.bearer_auth(ADMIN_TOKEN).send().await.unwrap();
    let status = answer.status();
    let answer = answer.json().await.unwrap_or_default();
    assert!(status.is_success(), "{path}: {status} {answer}");
    answer
}

async fn rotate(world: &World, key: &KeyId, grace_seconds: u32) -> String {
    let path = format!("/turnkey/apikeys/{key}/rotate");
    let body = json!({"graceSeconds": grace_seconds});
    let rotated = control(world, Method::POST, &path, body).await;
    rotated["value"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disabled_key_closes_its_sockets_and_no_others() {
    let world = World::start().await;
    let mut other = world.connect("").await;
    let (store, id, mut socket) = socket_with_own_key(&world).await;
    let mut settings = store.key(&id).await.unwrap().unwrap().settings();
    settings.enabled = false;
    let change = store.change().await.unwrap();
    change.update_key(&settings).await.unwrap();
    change.commit().await.unwrap();
    let (goodbye, code) = socket.farewell().await;
    assert_eq!(code, Some(4403));
    assert_eq!(goodbye.unwrap()["reason"], "key_revoked");
    other.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_takes_a_keys_right_closes_its_sockets() {
    let world = World::start().await;
    let client = postgres::client(&world.server.database).await;
    let mut other = world.connect("").await;
    for taken in [
        "delete from api_key where id = $1",
        "delete from usage_plan_key where key_id = $1",
        "update api_key set expires_at = now() where id = $1",
        // Nothing changes when it comes to pass.
        "update api_key set expires_at = now() + interval '1 second' where id = $1",
    ] {
        let (_, id, mut socket) = socket_with_own_key(&world).await;
        client.execute(taken, &[&id.as_str()]).await.unwrap();
        let closed = tokio::time::timeout(SOON, socket.farewell()).await;
        assert_eq!(closed.expect(taken).1, Some(4403), "{taken}");
    }
    other.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_players_sockets_are_closed() {
    let world = World::start().await;
    let table = world.table().await;
    let mut leaving = world.connect_as(&table.tokens[0]).await;
    let mut staying = world.connect_as(&table.tokens[1]).await;
    world.delete_player(&table.tokens[0]).await;
    let (goodbye, code) = leaving.farewell().await;
    assert_eq!(code, Some(4401));
    assert_eq!(
        goodbye.unwrap()["reason"],
        Value::from("player_token_revoked")
    );
    staying.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotation_ends_the_sockets_of_the_value_that_ends_and_no_others() {
    let world = World::start().await;
    let beside = World::of(world.server.beside().await);
    let (_store, key, first) = own_key(&world).await;
    let mut here = until_open(|| with_value(&world, &first)).await;
    let mut there = until_open(|| with_value(&beside, &first)).await;

    let second = rotate(&world, &key, 0).await;
    assert_loses_its_right(&mut here, "no grace").await;
    assert_loses_its_right(&mut there, "no grace, on another instance").await;

    let mut old = until_open(|| with_value(&world, &second)).await;
    let third = rotate(&world, &key, 3).await;
    let mut new = until_open(|| with_value(&world, &third)).await;
    // Both are good until the grace ends.
    old.settled().await;
    assert_loses_its_right(&mut old, "the end of the grace").await;
    new.settled().await;

    // A third value ends both that were good before.
    let fourth = rotate(&world, &key, 60).await;
    let mut newest = until_open(|| with_value(&world, &fourth)).await;
    rotate(&world, &key, 0).await;
    assert_loses_its_right(&mut new, "the value in its grace").await;
    assert_loses_its_right(&mut newest, "the newest value").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_a_value_closes_its_sockets() {
    let world = World::start().await;
    let client = postgres::client(&world.server.database).await;
    let mut other = world.connect("").await;
    for ended in [
        "delete from api_key_value where key_id = $1",
        "update api_key_value set expires_at = now() where key_id = $1",
        // Nothing changes when it comes to pass.
        "update api_key_value set expires_at = now() + interval '1 second' where key_id = $1",
        // Another hash is another value.
        "update api_key_value set phc = phc || 'A' where key_id = $1",
    ] {
        let (_, id, mut socket) = socket_with_own_key(&world).await;
        client.execute(ended, &[&id.as_str()]).await.unwrap();
        assert_loses_its_right(&mut socket, ended).await;
    }
    other.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_enabled_again_opens_sockets_anew() {
    let world = World::start().await;
    let (_store, key, value) = own_key(&world).await;
    let mut before = until_open(|| with_value(&world, &value)).await;
    let path = format!("/apikeys/{key}");
    let enabled = |value: &str| json!({"patchOperations": [{"op": "replace", "path": "/enabled", "value": value}]});
    control(&world, Method::PATCH, &path, enabled("false")).await;
    assert_loses_its_right(&mut before, "disabled").await;
    control(&world, Method::PATCH, &path, enabled("true")).await;
    let mut after = until_open(|| with_value(&world, &value)).await;
    after.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_loses_the_stage_and_a_stage_that_goes_close_sockets() {
    for taken in [
        "delete from usage_plan_stage",
        "delete from usage_plan_key",
        "delete from usage_plan",
        "delete from stage",
    ] {
        let world = World::start().await;
        let client = postgres::client(&world.server.database).await;
        let mut socket = world.connect("").await;
        client.execute(taken, &[]).await.unwrap();
        assert_loses_its_right(&mut socket, taken).await;
    }
}

/// Lets `GET /live` of stage `dev` be called without a key, or not.
async fn require_key(world: &World, is_required: bool) {
    let path = "/restapis/turnkey/resources?limit=500";
    let resources = control(world, Method::GET, path, Value::Null).await;
    let resources = resources["item"].as_array().unwrap();
    let live = resources.iter().find(|item| item["path"] == "/live");
    let id = live.unwrap()["id"].as_str().unwrap();
    let value = is_required.to_string();
    let patch = json!({"patchOperations": [
        {"op": "replace", "path": "/apiKeyRequired", "value": value}
    ]});
    let method = format!("/restapis/turnkey/resources/{id}/methods/GET");
    control(world, Method::PATCH, &method, patch).await;
    let deployment = json!({"stageName": "dev"});
    let path = "/restapis/turnkey/deployments";
    control(world, Method::POST, path, deployment).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_socket_without_a_key_ends_when_its_stage_asks_for_one() {
    let world = World::start().await;
    let mut keyed = world.connect("").await;
    require_key(&world, false).await;
    let without_key = || {
        let mut request = world.bare_request("");
        let offered = "turnkey.v1".parse().unwrap();
        request
            .headers_mut()
            .insert("sec-websocket-protocol", offered);
        request
    };
    let mut keyless = until_open(without_key).await;
    keyless.settled().await;
    require_key(&world, true).await;
    assert_loses_its_right(&mut keyless, "the stage asks for a key").await;
    keyed.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_the_database_a_value_that_expires_ends_its_sockets_only_afterwards() {
    let database = postgres::database().await;
    let proxy = Proxy::start(&database).await;
    let world = World::of(TestServer::behind(&database, &proxy).await);
    let beside = World::of(world.server.beside().await);
    let client = postgres::client(&database).await;
    let (_store, key, value) = own_key(&world).await;
    let expire = "update api_key_value set expires_at = now() + interval '18 seconds'
        where key_id = $1";
    client.execute(expire, &[&key.as_str()]).await.unwrap();
    // Made after that, so a server that knows this key knows when the other one expires.
    let (_store, _, lasting) = own_key(&world).await;
    let mut other = until_open(|| with_value(&world, &lasting)).await;
    let mut here = until_open(|| with_value(&world, &value)).await;
    let mut there = until_open(|| with_value(&beside, &value)).await;

    proxy.interrupt();
    let give_up = Instant::now() + Duration::from_secs(30);
    loop {
        match open(with_value(&world, &lasting)).await {
            Err(Error::Http(answer)) if answer.status() == 503 => break,
            _ => assert!(Instant::now() < give_up, "the gate trusts what it knows"),
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let has_expired = "select expires_at <= now() from api_key_value where key_id = $1";
    loop {
        let row = client.query_one(has_expired, &[&key.as_str()]).await;
        if row.unwrap().get(0) {
            break;
        }
        here.settled().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_loses_its_right(&mut there, "where the database is reached").await;
    // Longer than a look at every socket takes to come round.
    let looked = Instant::now() + Duration::from_millis(1500);
    while Instant::now() < looked {
        here.settled().await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    proxy.restore();
    assert_loses_its_right(&mut here, "the database is back").await;
    other.settled().await;
}
