//! The rules of every game, behind one interface.
//!
//! A [`Ruleset`] is one version of one variant's rules. To the rest of the program its options,
//! moves, boards and endings are JSON in canonical form ([`Json`]), and its [`Position`] cannot be
//! looked into. A variant is one file; [`Rulebook::built_in`] lists them.

#![warn(missing_docs)]

mod battleship;
mod book;
mod chance;
mod connect_four;
mod forms;
mod gomoku;
mod grid;
mod json;
mod native;
mod number;
mod options;
mod pig;
mod ruleset;
mod seat;
mod tic_tac_toe;
#[cfg(test)]
mod trial;
mod ultimate_tic_tac_toe;

pub use book::{Rulebook, Rules, RulesId};
pub use chance::Chance;
pub use forms::{Forms, RefusalForm};
pub use json::{FormError, Json, MAX_INTEGER, whole_number};
pub use native::{After, Native};
pub use ruleset::{Ending, MoveRefusal, Played, Position, Ruleset, Viewer};
pub use seat::{MAX_SEATS, Seat, SeatSet};
