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
mod luck;
mod outcome;
mod refusal;
mod seats;
mod since;
mod state;

pub use command::{Actor, Ask, Command, Decision};
pub use decide::{create, decide};
pub use event::{Creation, Entry, Event, Opponent, Visibility};
pub use evolve::{FoldError, begin, evolve, fold};
pub use id::{GameId, PlayerId};
pub use luck::{Commitment, Entropy, Luck, LuckError, Promise, SealedSeed, Seed, entropy_of_seats};
pub use outcome::{Outcome, OutcomeKind};
pub use refusal::Refusal;
pub use seats::{Holder, Seats};
pub use since::{Since, since};
pub use state::{DrawOffers, Game, LastMove, Status, Turn};
