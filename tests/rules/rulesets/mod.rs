//! The rulesets through the interface behind which they stand: laws that hold for every one of
//! them, what they hide, golden games, and counts of games and positions.

mod counts;
mod forms;
mod game;
mod golden;
mod gomoku;
mod hidden;
mod laws;
mod proposals;
mod schema;
