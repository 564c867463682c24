//! Every frame of the live channel, and nowhere else its shape.
//!
//! Both sides are closed: a client's frame with an unknown type or field is an error, and what the
//! server says is one of [`ServerFrame`].

mod client;
mod close;
pub mod examples;
pub mod schema;
mod server;

pub use client::{ClientFrame, Malformed, Resume, Subject};
pub use close::{CLOSES, Close};
pub use server::{ErrorCode, GoodbyeReason, ServerFrame, True};
