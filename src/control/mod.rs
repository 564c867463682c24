//! API Gateway's control plane in its own wire format, for the one API that a server hosts.
//!
//! Invariants:
//! - Every call needs credentials. The only exception is `/metrics`, asked for directly from a
//!   loopback address.
//! - A change is one transaction that includes its audit row, however many patches it holds.
//! - No answer holds a token or a secret. Only the answer to the call that makes a key's value holds
//!   that value.

#![warn(missing_docs)]

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
