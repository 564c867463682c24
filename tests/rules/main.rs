//! The rules, tested as what they are: values in, values out. No database, no clock, no server.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by failing"
)]

#[path = "../support/python.rs"]
mod python;

mod counts;
mod golden;
mod laws;
mod matrix;
mod moves;
mod recipe;
mod rulesets;
mod scenario;
mod since;
mod state;
mod turns;
mod variants;
