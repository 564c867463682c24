//! What players can do, on a real Postgres, without HTTP around it.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps fails where it should"
)]

#[path = "../support/mod.rs"]
mod support;

mod archive;
mod archive_refusals;
mod cache;
mod chance;
mod check;
mod crowd;
mod deletion;
mod deletion_faults;
mod draws;
mod gathering;
mod idempotency;
mod join;
mod lists;
mod moves;
mod outage;
mod players;
mod private;
mod rematch;
mod replay;
mod seats;
mod views;
mod world;
