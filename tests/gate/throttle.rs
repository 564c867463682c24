//! Throttles: bursts, rates, methods of their own, several instances.

use std::time::Duration;

use turnkey::gate::{Allowance, ApiKeyValue, Denial, Gate, RateLimit};

use crate::world::{World, ask, world};

/// So slow that nothing comes back while a test runs.
const SLOW: &str = "rate = 0.001";

async fn passing(gate: &Gate, verb: &str, value: &ApiKeyValue) -> usize {
    for passed in 0..1000 {
        match ask(gate, "dev", verb, Some(value.expose())).await {
            Ok(_) => {}
            Err(Denial::TooManyRequests { .. }) => return passed,
            Err(other) => panic!("{other:?}"),
        }
    }
    1000
}

async fn throttled(burst: u32) -> (World, ApiKeyValue) {
    let world = world().await;
    let (_, value) = world.key().await;
    world.limit(&format!("{SLOW}, burst = {burst}")).await;
    (world, value)
}

#[tokio::test]
async fn a_burst_passes_and_then_callers_are_told_to_wait() {
    let (world, value) = throttled(3).await;
    let first = world.ask(Some(value.expose())).await.unwrap().rate_limit;
    let policy = Allowance {
        calls: 3,
        seconds: 3000,
    };
    assert_eq!(first.policy.throttle, Some(policy));
    assert_eq!(first.current.throttle.unwrap().calls, 2);
    assert_eq!(passing(&world.gate, "POST", &value).await, 2);
    let denied = world.ask(Some(value.expose())).await.unwrap_err();
    let Denial::TooManyRequests {
        retry_after,
        rate_limit,
    } = denied
    else {
        panic!("{denied:?}");
    };
    assert!(retry_after > Duration::from_secs(900), "{retry_after:?}");
    assert!(retry_after.subsec_nanos() == 0);
    assert_eq!(rate_limit.current.throttle.unwrap().calls, 0);
    // Each key has its own.
    let (_, other) = world.key().await;
    assert_eq!(passing(&world.gate, "POST", &other).await, 3);
}

#[tokio::test]
async fn what_was_spent_stays_spent_when_the_plan_changes() {
    let (world, value) = throttled(3).await;
    assert_eq!(passing(&world.gate, "POST", &value).await, 3);
    world.limit("burst = 50").await;
    assert_eq!(passing(&world.gate, "POST", &value).await, 0);
    world.limit("rate = null, burst = null").await;
    let admission = world.ask(Some(value.expose())).await.unwrap();
    assert_eq!(admission.rate_limit, RateLimit::default());
}

#[tokio::test]
async fn a_rate_of_zero_lets_nothing_pass() {
    let world = world().await;
    let (_, value) = world.key().await;
    world.limit("rate = 0, burst = 10").await;
    assert_eq!(passing(&world.gate, "POST", &value).await, 0);
}

#[tokio::test]
async fn a_method_may_have_a_throttle_of_its_own() {
    let (world, value) = throttled(4).await;
    let mut generation = world.gate.generation();
    let own = r#"{"/game/POST": {"rateLimit": 0.001, "burstLimit": 2}}"#;
    world
        .by_hand(&format!("update usage_plan_stage set throttle = '{own}'"))
        .await;
    generation.changed().await.unwrap();
    assert_eq!(passing(&world.gate, "POST", &value).await, 2);
    assert_eq!(passing(&world.gate, "PUT", &value).await, 4);
}

#[tokio::test]
async fn instances_share_a_throttle() {
    let (world, value) = throttled(10).await;
    let other = world.another().await;
    assert_eq!(other.gate.instances(), 2);
    world.until(|| world.gate.instances() == 2).await;
    assert_eq!(passing(&world.gate, "POST", &value).await, 5);
    assert_eq!(passing(&other.gate, "POST", &value).await, 5);
    // One that dies leaves its part to the others when its heartbeat has lapsed, not full.
    drop(other);
    world.until(|| world.gate.instances() == 1).await;
    assert_eq!(passing(&world.gate, "POST", &value).await, 0);
}
