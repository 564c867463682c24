//! What the measurements share: a server in a process of its own on a Postgres of its own, a load
//! client that costs little beside it, and medians of alternating rounds.

#![allow(
    dead_code,
    reason = "each measurement uses its own part of this, and of the tests' part"
)]
#![allow(
    clippy::unwrap_used,
    reason = "a measurement that cannot go on says so by failing"
)]

pub mod board;
pub mod client;
pub mod cost;
pub mod echo;
pub mod keys;
pub mod load;
pub mod place;
#[path = "../../tests/support/process.rs"]
pub mod process;
pub mod report;
pub mod socket;
pub mod watchers;

/// A parameter of the measurement: the environment variable `name`, else `preset`.
pub fn parameter(name: &str, preset: u32) -> u32 {
    match std::env::var(name) {
        Ok(text) => text
            .parse()
            .unwrap_or_else(|_| panic!("{name} must be a number, not {text:?}")),
        Err(_) => preset,
    }
}

/// Runs a future to its end on this thread.
pub fn wait_for<T>(future: impl Future<Output = T>) -> T {
    runtime().block_on(future)
}

/// A runtime of one thread: the load client must leave the server its cores.
pub fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}
