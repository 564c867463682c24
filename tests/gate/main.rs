//! The gate on a real Postgres: who passes, what it costs, and how soon a change holds.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps fails where it should"
)]

mod cli;
mod explain;
mod issuing;
mod outage;
mod passing;
mod quota;
mod quota_edits;
mod quota_shares;
mod scale;
#[path = "../support/mod.rs"]
mod support;
mod throttle;
mod usage;
mod world;
