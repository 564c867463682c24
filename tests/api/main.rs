//! The public listener over real sockets, on a real Postgres.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps fails where it should"
)]

mod bad_input;
mod base_address;
mod browsers;
mod calls;
mod clients;
mod connections;
mod deployed;
mod document;
mod gate;
mod outage;
mod patience;
mod pipelining;
mod reads;
#[path = "../support/mod.rs"]
mod support;
mod tls;
mod unstorable;
mod upgrades;
mod variants;
mod world;
