//! Why a command was refused. A refusal is an answer, not an error: the game is as it was.

use crate::rules::MoveRefusal;

/// The reason why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The caller has no seat in this game.
    NotSeated,
    /// The game waits for its players.
    NotStarted,
    /// The game has ended.
    GameOver,
    /// The game has not ended yet.
    GameNotOver,
    /// It is the turn of another seat.
    NotYourTurn,
    /// All seats are taken.
    SeatTaken,
    /// There is no draw offer to decline.
    NoDrawOffer,
    /// Offered before and declined or withdrawn since: not again before a move.
    DrawAlreadyOffered,
    /// The game ended before it had all its players, so there is nobody to meet again.
    NeverStarted,
    /// The variant's own refusal of a move.
    Move(MoveRefusal),
}
