//! Commands that an operator runs beside the servers, while they serve.
//!
//! The game does not need anything here. Servers keep working whatever a command does. If a command is
//! interrupted, running it again completes the work.

pub mod archive;
mod chance;
pub mod check;
mod fault;
mod judge;
pub mod replay;
mod walk;

pub use fault::{Fault, Kind};
