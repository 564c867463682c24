//! What the tests share: a real Postgres for each test binary, a database for each test.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

pub mod aging;
pub mod balancer;
pub mod certificate;
pub mod player;
pub mod postgres;
pub mod process;
pub mod proxy;
pub mod python;
pub mod server;
pub mod upkeep;

use std::time::Duration;

use tokio::time::Instant;

/// Waits until `condition` holds; fails where it still does not after `deadline`.
pub async fn until(deadline: Duration, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + deadline;
    while !condition() {
        assert!(
            Instant::now() < end,
            "the condition did not come to hold within {deadline:?}"
        );
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
