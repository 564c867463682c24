//! Events in their stored shape, and the histories that they make.
//!
//! The store hands on rows of the log as they are. Here they are read, with the rules of their
//! game. Rules that this release does not know, or an event that it cannot read, are the trouble
//! of one game.

#![warn(missing_docs)]

pub mod codec;
mod history;
#[cfg(test)]
pub(crate) mod sample;

pub use codec::RecordError;
pub use history::{History, Recorded};
