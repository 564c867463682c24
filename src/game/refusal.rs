//! Why a command was refused. A refusal is an answer, not an error: the game is as it was.

use super::variant;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The caller has no seat in this game.
    NotSeated,
    /// The game waits for its second player.
    NotStarted,
    GameOver,
    GameNotOver,
    NotYourTurn,
    /// Both seats are taken.
    SeatTaken,
    NoDrawOffer,
    /// Offered before and declined or withdrawn since: not again before a move.
    DrawAlreadyOffered,
    /// The game ended before anybody joined, so there is nobody to meet again.
    NeverStarted,
    /// The variant's own refusal of a move.
    Move(variant::MoveRefusal),
}
