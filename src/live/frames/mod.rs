//! The frames of the live channel. No other module knows their shapes.
//!
//! Both sides are closed: a client's frame with an unknown type or field is an error, and the
//! server sends only the frames of [`ServerFrame`].

mod client;
mod close;
pub mod examples;
pub mod schema;
mod server;

pub use client::{ClientFrame, Malformed, Resume, Subject};
pub use close::{CLOSES, Close};
pub use server::{ErrorCode, GoodbyeReason, ServerFrame, True};
