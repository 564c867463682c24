//! The binary as people run it: real processes, killed and started again.

#[path = "../support/mod.rs"]
mod support;

mod commands;
mod kill_nine;
mod player;
mod stop;
