//! What a player asks for.

use super::{Event, GameId, Move, PlayerId};

/// A command on a game that exists; [`create`](super::create) makes a new one.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Take the open seat.
    Join {
        player: PlayerId,
    },
    Play {
        player: PlayerId,
        played: Move,
    },
    /// Give up; a game that still waits for its opponent is abandoned.
    Resign {
        player: PlayerId,
    },
    /// Offer a draw, or accept the one the other player offered.
    OfferDraw {
        player: PlayerId,
    },
    /// Decline the other player's offer, or withdraw one's own.
    DeclineDraw {
        player: PlayerId,
    },
    /// Link the next game, which the caller has created under the id `next`.
    Rematch {
        player: PlayerId,
        next: GameId,
    },
}

impl Command {
    /// Who asks.
    pub fn player(&self) -> PlayerId {
        match self {
            Command::Join { player }
            | Command::Play { player, .. }
            | Command::Resign { player }
            | Command::OfferDraw { player }
            | Command::DeclineDraw { player }
            | Command::Rematch { player, .. } => *player,
        }
    }
}

/// The answer to an acceptable command.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Record(Event),
    /// What was asked for already holds: nothing to record, and a success.
    AlreadyHolds,
}
