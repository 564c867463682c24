//! Events in their stored form, and the histories that result from them.
//!
//! The store passes on rows of the log as they are. This module reads them with the rules of their game.
//! Rules that this release does not know, or an event that it cannot read, affect only one game.

#![warn(missing_docs)]

pub mod codec;
mod history;
pub mod luck;
#[cfg(test)]
pub(crate) mod sample;

pub use codec::RecordError;
pub use history::{History, Recorded};
