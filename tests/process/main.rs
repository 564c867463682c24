//! The binary as people run it: real processes, killed and started again.

#![allow(
    clippy::unwrap_used,
    reason = "a test that unwraps fails where it should"
)]

#[path = "../support/mod.rs"]
mod support;

mod chance;
mod commands;
mod data;
mod deletion;
mod documents;
mod few_files;
mod kill_nine;
mod logs;
mod nginx;
mod observed;
mod operations;
mod queries;
mod quota;
mod rolling;
mod secrets;
#[cfg(target_os = "linux")]
mod skew;
mod spans;
mod stop;
mod tls;
mod watch;
