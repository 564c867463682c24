//! The live channel, through real sockets: its session loop on an echo, and the whole channel on a
//! server and a database.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by failing"
)]

mod asyncapi;
mod autobahn;
mod battle;
mod drain;
mod echo;
mod fleet;
mod handshake;
mod hidden;
mod hostile;
mod limits;
mod many;
mod metrics;
mod mine;
mod once;
mod rights;
mod slow;
mod subscribe;
#[path = "../support/mod.rs"]
mod support;
mod upheaval;
mod wire;
mod world;
