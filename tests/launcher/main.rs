//! The embedded Postgres against the real thing: real processes, really killed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod commands;
mod credentials;
mod first_start;
mod helper;
mod killed;
mod neighbours;
