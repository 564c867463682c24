//! What cannot be done is refused with a type, the field's name, and no effect.

use serde_json::{Value, json};

use crate::support::postgres;
use crate::support::server::ADMIN_TOKEN;
use crate::world::{World, answer};

#[tokio::test]
async fn bodies_are_read_strictly() {
    let world = World::start().await;
    let (id, _) = world.key().await;
    let plan = world.first_plan().await;
    let key = format!("/apikeys/{id}");
    let plan = format!("/usageplans/{plan}");
    let cases: &[(&str, &str, &str, &str)] = &[
        ("POST", "/apikeys", "{", "body"),
        ("POST", "/apikeys", "[]", "object"),
        ("POST", "/apikeys", "null", "object"),
        ("POST", "/apikeys", "\"x\"", "object"),
        ("POST", "/apikeys", r#"{"enabled":"yes"}"#, "enabled"),
        ("POST", "/apikeys", r#"{"name":7}"#, "name"),
        ("POST", "/apikeys", r#"{"tags":{"a":1}}"#, "tags"),
        ("POST", "/apikeys", r#"{"tags":{"aws:a":"1"}}"#, "aws:a"),
        ("POST", "/apikeys", r#"{"stageKeys":[{}]}"#, "stageKeys"),
        (
            "PATCH",
            &key,
            r#"{"patchOperations":{}}"#,
            "patchOperations",
        ),
        (
            "PATCH",
            &key,
            r#"{"patchOperations":[{"op":"replace"}]}"#,
            "path",
        ),
        (
            "PATCH",
            &key,
            r#"{"patchOperations":[{"op":"replace","path":"/enabled","value":true}]}"#,
            "value",
        ),
        ("POST", "/usageplans", "{}", "name"),
        (
            "POST",
            "/usageplans",
            r#"{"name":"p","throttle":{"rateLimit":1,"burstLimit":1.5}}"#,
            "burstLimit",
        ),
        (
            "POST",
            "/usageplans",
            r#"{"name":"p","throttle":{"rateLimit":"x","burstLimit":1}}"#,
            "rateLimit",
        ),
        (
            "POST",
            "/usageplans",
            r#"{"name":"p","quota":{"limit":1.5,"period":"DAY"}}"#,
            "limit",
        ),
        (
            "POST",
            "/usageplans",
            r#"{"name":"p","apiStages":[{"stage":"dev"}]}"#,
            "API Stage",
        ),
        (
            "PATCH",
            &plan,
            r#"{"patchOperations":[{"op":"replace","path":"/quota/limit","value":"1.5"}]}"#,
            "/quota/limit",
        ),
        (
            "PATCH",
            &plan,
            r#"{"patchOperations":[{"op":"replace","path":"/apiStages/turnkey:dev/throttle","value":"x"}]}"#,
            "throttle",
        ),
        (
            "POST",
            "/restapis/turnkey/stages",
            r#"{"stageName":"x"}"#,
            "deploymentId",
        ),
        (
            "POST",
            "/restapis/turnkey/deployments",
            r#"{"stageName":"game"}"#,
            "stageName",
        ),
        (
            "POST",
            "/restapis/turnkey/deployments",
            r#"{"stageName":"x","variables":{"a-b":"1"}}"#,
            "a-b",
        ),
        ("GET", "/apikeys?limit=x", "", "limit"),
        ("GET", "/apikeys?position=!", "", "position"),
        ("GET", "/apikeys?name=%ff", "", "query"),
        ("PUT", "/tags/nope", r#"{"tags":{}}"#, "ARN"),
        ("POST", "/apikeys?mode=import&format=json", "x", "format"),
        ("BREW", "/apikeys", "", "No such operation"),
        ("GET", "/", "", "No such operation"),
        ("GET", "/apikeys/", "", ""),
    ];
    let keys = world.done("GET", "/apikeys?limit=500", Value::Null).await;
    for (method, path, body, names) in cases {
        let request = world.request(method, path).bearer_auth(ADMIN_TOKEN);
        let refused = answer(request.body((*body).to_owned())).await;
        let message = refused.body["message"].as_str().unwrap_or_default();
        let is_client_error = [400, 404].contains(&refused.status);
        assert!(
            is_client_error && message.contains(names),
            "{method} {path} {body}: {refused:?}"
        );
    }
    let after = world.done("GET", "/apikeys?limit=500", Value::Null).await;
    assert_eq!(keys, after, "a refused call changed nothing");
    world.server.stop().await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_refused() {
    let world = World::start().await;
    let send = |path: &'static str, size_bytes: usize| {
        let request = world.request("POST", path).bearer_auth(ADMIN_TOKEN);
        answer(request.body(vec![b' '; size_bytes]))
    };
    let refused = send("/apikeys", 1024 * 1024 + 1).await;
    assert_eq!(refused.status, 400);
    let refused = send("/apikeys?mode=import&format=csv", 1024 * 1024 + 1).await;
    assert_eq!(refused.status, 400);
    let message = refused.body["message"].as_str().unwrap();
    assert!(message.contains("Split"), "{message}");
    world.server.stop().await;
}

#[tokio::test]
async fn ten_thousand_keys_are_paged_through_each_once() {
    let world = World::start().await;
    let client = postgres::client(&world.server.database).await;
    // One hash for all: what they answer to does not matter here.
    let rows = "insert into api_key (id, name, enabled, created_at)
        select 'bulk' || lpad(n::text, 6, '0'), 'bulk ' || n, true,
               now() - interval '1 day' + (n / 7) * interval '1 millisecond'
        from generate_series(1, 10000) as n";
    client.batch_execute(rows).await.unwrap();
    let values = "insert into api_key_value (key_id, lookup, phc)
        select id, 'none', '$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA'
        from api_key where id like 'bulk%'";
    client.batch_execute(values).await.unwrap();
    let mut seen = std::collections::BTreeSet::new();
    let mut position = String::new();
    loop {
        let path = format!("/apikeys?name=bulk&limit=500&position={position}");
        let page = world.done("GET", &path, Value::Null).await;
        for key in page["item"].as_array().unwrap() {
            assert!(seen.insert(key["id"].as_str().unwrap().to_owned()));
        }
        match page["position"].as_str() {
            Some(next) => position = next.to_owned(),
            None => break,
        }
    }
    assert_eq!(seen.len(), 10_000);
    world.server.stop().await;
}

#[tokio::test]
async fn a_list_of_patches_is_done_as_a_whole_or_not_at_all() {
    let world = World::start().await;
    let plan = format!("/usageplans/{}", world.first_plan().await);
    let before = world.done("GET", &plan, Value::Null).await;
    let patches = json!({"patchOperations": [
        {"op": "replace", "path": "/name", "value": "changed"},
        {"op": "remove", "path": "/apiStages", "value": "turnkey:dev"},
        {"op": "add", "path": "/apiStages", "value": "turnkey:nope"},
    ]});
    let refused = world.call("PATCH", &plan, patches).await;
    assert_eq!(refused.kind.as_deref(), Some("NotFoundException"));
    assert_eq!(world.done("GET", &plan, Value::Null).await, before);
    world.server.stop().await;
}
