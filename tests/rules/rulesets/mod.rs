//! The rulesets through the interface behind which they stand.

mod counts;
mod gomoku;
