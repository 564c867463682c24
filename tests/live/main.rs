//! The live channel, through real sockets.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by failing"
)]

mod autobahn;
mod echo;
mod wire;
