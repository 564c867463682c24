//! Every frame of the live channel, and nowhere else its shape.
//!
//! Both sides are closed: a client's frame with an unknown type or field is an error, and what the
//! server says is one of [`ServerFrame`].

mod client;
mod server;

pub use client::{ClientFrame, Malformed, Resume, Subject};
pub use server::{ErrorCode, GoodbyeReason, ServerFrame, Subscribed, True, Unsubscribed};
