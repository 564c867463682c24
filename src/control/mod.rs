//! API Gateway's control plane on its own wire, for the one API that a server hosts.
//!
//! Invariants: nothing but a loopback peer's `/metrics` is answered without credentials; a change
//! is one transaction with its audit row, whatever the list of patches; no value of a key, token
//! or secret is in any answer but the one that made it.

mod absent;
mod beyond;
mod calls;
mod credentials;
mod csv;
mod door;
mod error;
mod listener;
mod names;
pub mod operations;
pub mod patch;
mod plan_calls;
mod reply;
mod request;
pub mod resources;
pub mod sigv4;
mod unserved;
pub mod wire;

pub use error::OperationError;
pub use listener::{MAX_CONNECTIONS, Metrics, Settings, State, requests, server};
