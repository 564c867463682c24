//! The embedded Postgres against the real thing: real processes, really killed.

mod commands;
mod credentials;
mod first_start;
mod helper;
mod killed;
mod neighbours;
