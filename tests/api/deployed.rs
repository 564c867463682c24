//! A stage serves the rules that were deployed to it, whatever the release knows.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tokio::time::Instant;
use turnkey::rules::Rulebook;

use crate::support::server::ADMIN_TOKEN;
use crate::world::{PATIENCE, World, reply};

/// What stage `dev` serves: versions by variant.
async fn served(world: &World) -> BTreeMap<String, u16> {
    let shown = reply(world.request("GET", "/dev/variants")).await.json();
    let variants = shown["variants"].as_array().unwrap().iter();
    let version = |variant: &Value| variant["rules"].as_u64().unwrap().try_into().unwrap();
    variants
        .map(|variant| (variant["id"].as_str().unwrap().to_owned(), version(variant)))
        .collect()
}

async fn until_served(world: &World, expected: &BTreeMap<String, u16>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let found = served(world).await;
        if found == *expected {
            return;
        }
        assert!(Instant::now() < deadline, "{found:?}, not {expected:?}");
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_first_start_serves_everything() {
    let world = World::start().await;
    assert_eq!(served(&world).await, Rulebook::built_in().newest_versions());
}

/// The release before knew one variant, and its deployments name that one.
#[tokio::test]
async fn deployments_of_the_release_before_serve_what_they_did_until_the_next_one() {
    let world = World::start().await;
    let of_before = BTreeMap::from([("tic-tac-toe".to_owned(), 1)]);
    world.deploy(&of_before).await;
    until_served(&world, &of_before).await;

    let gomoku = || world.request("POST", "/dev/game");
    let refused = reply(gomoku().json(&json!({"variant": "gomoku"}))).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let problem = refused.json();
    assert_eq!(problem["code"], "unknown_variant");
    assert_eq!(
        problem["detail"],
        "there is no variant \"gomoku\" on stage dev; play `tic-tac-toe`"
    );
    let (.., ann, _) = world.begun_game().await;
    assert_eq!(
        world.call(&ann, "GET", "/games", Value::Null).await.status,
        200
    );

    let deploy = format!("{}/restapis/turnkey/deployments", world.control());
    let deploy = reqwest::Client::new().post(deploy).bearer_auth(ADMIN_TOKEN);
    let deployed = reply(deploy.json(&json!({"stageName": "dev"}))).await;
    assert_eq!(deployed.status, 201, "{}", deployed.text);
    until_served(&world, &Rulebook::built_in().newest_versions()).await;
    let made = reply(gomoku().json(&json!({"variant": "gomoku"}))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["game"]["rules"], 2);
}

#[tokio::test]
async fn a_stage_that_serves_nothing_says_so() {
    let world = World::start().await;
    world.deploy(&BTreeMap::new()).await;
    until_served(&world, &BTreeMap::new()).await;
    let refused = reply(world.request("POST", "/dev/game")).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(
        refused.json()["detail"],
        "there is no variant \"tic-tac-toe\" on stage dev, and no other"
    );
}
