//! Everything that a call can be answered with instead of what it asked for.
//!
//! Statuses and bodies are not decided here: the HTTP layer maps each variant to its own answer.

use std::time::Duration;

use super::view::GameView;
use crate::store::StoreError;
use crate::store::append::AppendError;

/// Why a call did not do what it asked for. A variant that holds a game holds the current one,
/// as the caller may see it, because the caller's own picture is old.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PlayError {
    /// The request has not the form it should have; the text names the field.
    #[error("{detail}")]
    Malformed { detail: String },
    /// The call is a player's, and no player token came with it.
    #[error("this call needs a player token")]
    PlayerTokenRequired,
    /// Not signed by us, from the future, or of a player who was deleted.
    #[error("the player token is not valid")]
    PlayerTokenInvalid,
    /// A valid token, of someone with no seat in this game.
    #[error("the caller has no seat in this game")]
    NotSeated,
    /// Unknown, a malformed id, in another stage, or private and not the caller's: never said
    /// which.
    #[error("there is no such game")]
    GameNotFound,
    /// No game of this stage has this invite.
    #[error("there is no such invite")]
    InviteNotFound,
    /// The game is not as the caller saw it, or three others were faster.
    #[error("the game has moved on")]
    VersionConflict { game: Box<GameView> },
    #[error("it is the other player's turn")]
    NotYourTurn { game: Box<GameView> },
    /// The variant's own refusal of a move that another position would take, such as
    /// `cell_taken`.
    #[error("{detail}")]
    MoveNotNow {
        code: &'static str,
        detail: String,
        game: Box<GameView>,
    },
    /// The game waits for its second player, or ended before there was one.
    #[error("the game has no second player")]
    NotStarted { game: Box<GameView> },
    /// `game` is absent where it is private and the caller has no seat in it.
    #[error("the game is over")]
    GameOver { game: Option<Box<GameView>> },
    #[error("the game is not over")]
    GameNotOver { game: Box<GameView> },
    /// `game` is absent where it is private.
    #[error("both seats are taken")]
    SeatTaken { game: Option<Box<GameView>> },
    #[error("there is no draw offer")]
    NoDrawOffer { game: Box<GameView> },
    /// Declined or withdrawn: not again before a move.
    #[error("a draw was offered before")]
    DrawAlreadyOffered { game: Box<GameView> },
    /// The first call with this idempotency key is under way: ask again in a second.
    #[error("the first call with this idempotency key is under way")]
    InProgress,
    /// A move that is legal in no position.
    #[error("{detail}")]
    IllegalMove { detail: String },
    #[error("{detail}")]
    UnknownVariant { detail: String },
    #[error("{detail}")]
    InvalidOption { detail: String },
    /// The idempotency key came before, with another body.
    #[error("the idempotency key was used with another body")]
    IdempotencyKeyReused,
    /// This caller guesses invites: to be answered as a throttled call is.
    #[error("too many unknown invites")]
    TooManyUnknownInvites { retry_after: Duration },
    /// The database cannot answer now.
    #[error("the database cannot answer")]
    Unavailable(Unavailable),
}

/// What an unanswered call may have done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// Nothing was sent to the store, so nothing happened.
    NothingSent,
    /// It may have happened: repeat it with the same `version` or the same idempotency key.
    OutcomeUnknown,
}

impl PlayError {
    pub(crate) fn malformed(detail: impl Into<String>) -> PlayError {
        PlayError::Malformed {
            detail: detail.into(),
        }
    }

    /// The same, where something was sent to the store before it failed.
    pub(crate) fn once_sent(self) -> PlayError {
        match self {
            PlayError::Unavailable(Unavailable::NothingSent) => PlayError::OUTCOME_UNKNOWN,
            other => other,
        }
    }

    /// The same, as it is told to a caller without a player token.
    pub(crate) fn without_your_seats(mut self) -> PlayError {
        if let PlayError::GameOver { game: Some(game) }
        | PlayError::SeatTaken { game: Some(game) }
        | PlayError::VersionConflict { game } = &mut self
        {
            game.your_seats = None;
        }
        self
    }

    pub(crate) const NOTHING_SENT: PlayError = PlayError::Unavailable(Unavailable::NothingSent);
    pub(crate) const OUTCOME_UNKNOWN: PlayError =
        PlayError::Unavailable(Unavailable::OutcomeUnknown);
}

impl From<StoreError> for PlayError {
    fn from(error: StoreError) -> PlayError {
        match error {
            StoreError::Unreachable(reason) => {
                tracing::warn!(%reason, "the database cannot be reached");
                PlayError::NOTHING_SENT
            }
            StoreError::OutcomeUnknown(reason) => {
                tracing::warn!(%reason, "a statement's outcome is unknown");
                PlayError::OUTCOME_UNKNOWN
            }
            error @ (StoreError::Refused(_) | StoreError::Conflict(_) | StoreError::Corrupt(_)) => {
                tracing::error!(%error, "the store failed");
                PlayError::NOTHING_SENT
            }
        }
    }
}

impl PlayError {
    /// What a failed append answers; a lost race is not a failure and is handled before.
    pub(crate) fn of_append(error: &AppendError) -> PlayError {
        match error {
            AppendError::Full | AppendError::Unreachable => PlayError::NOTHING_SENT,
            AppendError::LostRace | AppendError::OutcomeUnknown => PlayError::OUTCOME_UNKNOWN,
            AppendError::Refused(reason) => {
                tracing::error!(%reason, "the database refused an event");
                PlayError::NOTHING_SENT
            }
        }
    }
}
