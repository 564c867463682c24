//! The commands that players give.

use time::OffsetDateTime;

use super::{Entry, GameId, PlayerId};
use crate::rules::{Json, Seat};

/// A command on a game that exists; [`create`](super::create) makes a new one.
#[derive(Clone, Debug, PartialEq)]
pub struct Command {
    /// The one who gives the command.
    pub by: Actor,
    /// When it was given.
    pub at: OffsetDateTime,
    /// What is asked for.
    pub ask: Ask,
}

/// The cause of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// This player.
    Player(PlayerId),
    /// The server, on nobody's behalf.
    System,
}

/// What a command asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Ask {
    /// Take the first free seat.
    Join,
    /// Take this seat.
    JoinAt(Seat),
    /// Play a move.
    Play {
        /// The seat that moves, one of the caller's.
        seat: Seat,
        /// The move.
        played: Json,
    },
    /// Give up; before the game has all its players, leave it.
    Resign,
    /// Offer a draw, or accept the offers of the others.
    OfferDraw,
    /// Decline the others' offers of a draw, or withdraw one's own.
    DeclineDraw,
    /// Link the next game, which the caller has created under this id.
    Rematch(GameId),
    /// End the game if it still waits for players. Only the server asks for this.
    Abandon,
}

/// The answer to an acceptable command.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    /// The command is accepted: record this.
    Record(Entry),
    /// What was asked for already holds: nothing to record, and a success.
    AlreadyHolds,
}

impl Actor {
    /// The player, where it was one.
    pub fn player(self) -> Option<PlayerId> {
        match self {
            Actor::Player(player) => Some(player),
            Actor::System => None,
        }
    }
}
