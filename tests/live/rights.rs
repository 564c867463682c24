//! Sockets whose key or player is no longer good are closed.

use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;
use turnkey::gate::ApiKeyValue;
use turnkey::gate::issue;
use turnkey::store::{KeyId, Store};

use crate::support::postgres;
use crate::world::{Socket, World, open};

/// A second by contract; the machine that runs the tests does much else.
const SOON: Duration = Duration::from_secs(10);

/// A socket that was opened with a key of its own.
pub async fn socket_with_own_key(world: &World) -> (Store, KeyId, Socket) {
    let store = Store::new(world.server.database.clone(), 2);
    let plan = store.plan_named("dev").await.unwrap();
    let value = ApiKeyValue::generate();
    let key = issue::create_key(&store, &issue::new_key("app"), &value, plan.as_ref())
        .await
        .unwrap();
    let deadline = Instant::now() + SOON;
    loop {
        let mut request = world.request("");
        let headers = request.headers_mut();
        headers.insert("x-api-key", value.expose().parse().unwrap());
        match open(request).await {
            Ok((socket, _)) => return (store, key.id, socket),
            Err(error) => assert!(Instant::now() < deadline, "{error}"),
        }
    }
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
