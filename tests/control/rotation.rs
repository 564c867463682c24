//! Beyond API Gateway: expiry, two values during a rotation, and who changed what.

use serde_json::{Value, json};

use crate::support::server::ADMIN_TOKEN;
use crate::world::World;

/// A key that may play on `dev`: its path below `/turnkey`, and its value.
async fn player(world: &World) -> (String, String) {
    let (id, value) = world.key().await;
    let plan = format!("/usageplans/{}/keys", world.first_plan().await);
    let member = json!({"keyId": id, "keyType": "API_KEY"});
    world.done("POST", &plan, member).await;
    world.until_plays(&value, 201).await;
    (format!("/turnkey/apikeys/{id}"), value)
}

#[tokio::test]
async fn both_values_are_good_during_a_rotation() {
    let world = World::start().await;
    let (key, first) = player(&world).await;
    let rotate = format!("{key}/rotate");
    let rotated = world.done("POST", &rotate, Value::Null).await;
    let second = rotated["value"].as_str().unwrap();
    assert!(rotated["previousValueExpiresDate"].is_i64(), "{rotated}");
    world.until_plays(second, 201).await;
    assert_eq!(world.play(&first).await, 201);

    // A third value only where the others end at once.
    let refused = world.call("POST", &rotate, Value::Null).await;
    assert_eq!(refused.kind.as_deref(), Some("ConflictException"));
    let own = "a-value-of-my-own-choosing";
    let now = json!({"value": own, "graceSeconds": 0});
    assert_eq!(world.done("POST", &rotate, now).await["value"], own);
    world.until_plays(own, 201).await;
    world.until_plays(&first, 403).await;
    assert_eq!(world.play(second).await, 403);
    world.server.stop().await;
}

#[tokio::test]
async fn an_old_value_ends_with_its_grace() {
    let world = World::start().await;
    let (key, first) = player(&world).await;
    let soon = json!({"graceSeconds": 1});
    let rotated = world.done("POST", &format!("{key}/rotate"), soon).await;
    world.until_plays(&first, 403).await;
    assert_eq!(world.play(rotated["value"].as_str().unwrap()).await, 201);
    world.server.stop().await;
}

#[tokio::test]
async fn a_key_ends_when_it_expires_and_lives_again_without() {
    let world = World::start().await;
    let (key, value) = player(&world).await;
    let expired = world
        .done("PATCH", &key, json!({"expiresAt": "2020-01-01T00:00:00Z"}))
        .await;
    assert_eq!(expired["expiresDate"], 1_577_836_800);
    world.until_plays(&value, 403).await;
    let lives = world.done("PATCH", &key, json!({"expiresAt": null})).await;
    assert_eq!(lives.get("expiresDate"), None);
    world.until_plays(&value, 201).await;
    for bad in [
        json!({}),
        json!({"expiresAt": "soon"}),
        json!({"expiresAt": true}),
        json!({"expiresAt": 1.5}),
        json!({"expiresAt": -1}),
        json!({"expiresAt": null, "enabled": false}),
    ] {
        assert_eq!(world.call("PATCH", &key, bad).await.status, 400);
    }
    for bad in [
        json!({"graceSeconds": -1}),
        json!({"graceSeconds": 1e12}),
        json!({"value": "short"}),
        json!({"value": value}),
        json!({"other": 1}),
    ] {
        let refused = world.call("POST", &format!("{key}/rotate"), bad).await;
        assert!([400, 409].contains(&refused.status), "{refused:?}");
    }
    world.server.stop().await;
}

#[tokio::test]
async fn every_change_is_recorded_with_who_made_it() {
    let world = World::start().await;
    let (id, _) = world.key().await;
    let key = format!("/apikeys/{id}");
    let disable = json!({"patchOperations": [
        {"op": "replace", "path": "/enabled", "value": "false"},
        {"op": "replace", "path": "/name", "value": "renamed"},
    ]});
    world.done("PATCH", &key, disable).await;
    world
        .call(
            "PATCH",
            &key,
            json!({"patchOperations": [{"op": "replace", "path": "/x"}]}),
        )
        .await;
    world.done("DELETE", &key, Value::Null).await;

    let mut changes = Vec::new();
    let mut position = String::new();
    loop {
        let path = format!("/turnkey/audit?limit=2&position={position}");
        let page = world.done("GET", &path, Value::Null).await;
        changes.extend(page["item"].as_array().unwrap().clone());
        match page["position"].as_str() {
            Some(next) => position = next.to_owned(),
            None => break,
        }
    }
    let actions: Vec<&str> = changes
        .iter()
        .filter(|change| change["target"] == key.as_str())
        .map(|change| change["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["DeleteApiKey", "UpdateApiKey", "CreateApiKey"]);
    let update = &changes[1];
    assert_eq!(update["actor"], "bearer");
    assert_eq!(update["before"]["enabled"], true);
    assert_eq!(update["after"]["enabled"], false);
    assert_eq!(update["after"]["name"], "renamed");
    assert!(update["at"].is_i64());
    assert_eq!(changes[0].get("after"), None);
    assert!(!json!(changes).to_string().contains(ADMIN_TOKEN));
    world.server.stop().await;
}
