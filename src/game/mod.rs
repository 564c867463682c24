//! The rules as arithmetic on values.
//!
//! A [`Command`] and a [`Game`] go into [`decide`]; out comes the one [`Event`] that records what
//! happened, or a [`Refusal`] that says why nothing did. [`evolve`] applies an event and cannot
//! fail, so a game is the fold of its events, today and after every later release: the version of
//! the rules is pinned in the first event and old versions stay compiled in.
//!
//! Nothing here waits, reads a clock, draws a random number or knows of a database.

#![warn(missing_docs)]

mod command;
mod decide;
mod event;
mod evolve;
mod id;
mod refusal;
mod replay;
mod seat;
mod state;
pub mod variant;
mod whole_number;

pub use command::{Command, Decision};
pub use decide::{create, decide};
pub use event::{Creation, DrawBy, Event, Opponent, Outcome, Visibility, WinBy};
pub use evolve::{FoldError, begin, evolve, fold};
pub use id::{GameId, PlayerId};
pub use refusal::Refusal;
pub use replay::{Since, since};
pub use seat::{Seat, Seats};
pub use state::{Draws, Game, LastMove, Status};
pub use variant::{Move, Options, Position, Rules, Variant};
pub use whole_number::whole_number;
