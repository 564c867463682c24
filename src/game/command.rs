//! The commands that players give.

use super::{Event, GameId, Move, PlayerId};

/// A command on a game that exists; [`create`](super::create) makes a new one.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Take the open seat.
    Join {
        /// The player who joins.
        player: PlayerId,
    },
    /// Play a move.
    Play {
        /// The player who moves.
        player: PlayerId,
        /// The move, in the variant's own form.
        played: Move,
    },
    /// Give up; a game that still waits for its opponent is abandoned.
    Resign {
        /// The player who gives up.
        player: PlayerId,
    },
    /// Offer a draw, or accept the one the other player offered.
    OfferDraw {
        /// The player who offers or accepts.
        player: PlayerId,
    },
    /// Decline the other player's offer, or withdraw one's own.
    DeclineDraw {
        /// The player who declines or withdraws.
        player: PlayerId,
    },
    /// Link the next game, which the caller has created under the id `next`.
    Rematch {
        /// The player who asks for the next game.
        player: PlayerId,
        /// The id of the next game.
        next: GameId,
    },
}

impl Command {
    /// The player who gives the command.
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
    /// The command is accepted: record this event.
    Record(Event),
    /// What was asked for already holds: nothing to record, and a success.
    AlreadyHolds,
}
