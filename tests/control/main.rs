//! The control plane over its own wire: unmodified AWS clients, and what no client would send.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by failing"
)]

#[path = "../support/mod.rs"]
mod support;

mod bad_input;
mod clients;
mod commands;
mod door;
mod imports;
mod rotation;
mod world;
