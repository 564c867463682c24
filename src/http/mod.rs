//! The public listener: what arrives over HTTP, and how it is answered.
//!
//! Handlers parse, call `play`, and shape; nothing of the rules is decided here.

pub mod routes;
