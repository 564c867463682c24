//! Looking after the database: what an operator runs beside the servers, while they serve.
//!
//! Nothing here is needed to play. Whatever it does, a server beside it goes on, and whatever
//! breaks it off, a repeat completes it.

pub mod archive;
pub mod check;
