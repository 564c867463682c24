//! The rules, tested as what they are: values in, values out. No database, no clock, no server.

#![allow(
    clippy::unwrap_used,
    reason = "a test that cannot go on says so by failing"
)]

mod counts;
mod golden;
mod laws;
mod matrix;
mod moves;
mod rulesets;
mod scenario;
mod since;
mod state;
mod turns;
mod variants;
