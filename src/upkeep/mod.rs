//! Commands that an operator runs beside the servers, while they serve.
//!
//! Nothing here is needed to play. Servers go on whatever a command does, and whatever interrupts a
//! command, running it again completes the work.

pub mod archive;
pub mod check;
