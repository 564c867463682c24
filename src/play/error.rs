//! The errors with which a call can end.
//!
//! The HTTP layer maps each variant to a status and a body.

use std::time::Duration;

use super::view::GameView;
use crate::record::RecordError;
use crate::store::StoreError;
use crate::store::append::AppendError;

/// Why a call failed. A variant with a game holds the current one as the caller may see it, because
/// the caller may have decided on an older one.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PlayError {
    /// The request does not have the required form.
    #[error("{detail}")]
    Malformed {
        /// Says what is wrong with the request, and which field it is.
        detail: String,
    },
    /// The call needs a player token, and none came with it.
    #[error("this call needs a player token")]
    PlayerTokenRequired,
    /// The token was not signed by this deployment, is dated in the future, or names a deleted
    /// player.
    #[error("the player token is not valid")]
    PlayerTokenInvalid,
    /// The token is valid, but its player has no seat in this game.
    #[error("the caller has no seat in this game")]
    NotSeated,
    /// The id is unknown or malformed, or the game is in another stage, or private and not the
    /// caller's. The answer does not say which.
    #[error("there is no such game")]
    GameNotFound,
    /// No game of this stage has this invite.
    #[error("there is no such invite")]
    InviteNotFound,
    /// The game has changed since the caller saw it, or other commands were faster too often.
    #[error("the game has moved on")]
    VersionConflict {
        /// The current game.
        game: Box<GameView>,
    },
    /// The other seat is to move.
    #[error("it is another seat's turn")]
    NotYourTurn {
        /// The current game.
        game: Box<GameView>,
    },
    /// The variant refuses the move in this position, though it is legal in others: `cell_taken`,
    /// for example.
    #[error("{detail}")]
    MoveNotNow {
        /// The variant's word for the reason; the `code` of the answer.
        code: &'static str,
        /// Says what is wrong with the move.
        detail: String,
        /// The current game.
        game: Box<GameView>,
    },
    /// The game waits for its players, or ended before it had all of them.
    #[error("a seat of the game is not taken")]
    NotStarted {
        /// The current game.
        game: Box<GameView>,
    },
    /// The call needs a game that is not over.
    #[error("the game is over")]
    GameOver {
        /// The current game; absent if it is private and the caller has no seat in it.
        game: Option<Box<GameView>>,
    },
    /// A rematch needs a finished game.
    #[error("the game is not over")]
    GameNotOver {
        /// The current game.
        game: Box<GameView>,
    },
    /// The invite's game has no open seat.
    #[error("the seat is not free")]
    SeatTaken {
        /// The current game; absent if it is private and the caller has no seat in it.
        game: Option<Box<GameView>>,
    },
    /// There is no draw offer to decline.
    #[error("there is no draw offer")]
    NoDrawOffer {
        /// The current game.
        game: Box<GameView>,
    },
    /// The caller's draw offer was declined or withdrawn. They may offer again after a move.
    #[error("a draw was offered before")]
    DrawAlreadyOffered {
        /// The current game.
        game: Box<GameView>,
    },
    /// The first call with this idempotency key is still running. Repeat the call in a second.
    #[error("the first call with this idempotency key is under way")]
    InProgress,
    /// The move is legal in no position.
    #[error("{detail}")]
    IllegalMove {
        /// Says what is wrong with the move, and which moves are legal.
        detail: String,
    },
    /// No variant has this id.
    #[error("{detail}")]
    UnknownVariant {
        /// Names the variants that there are.
        detail: String,
    },
    /// The variant, or this release, does not have this option or this value of it.
    #[error("{detail}")]
    InvalidOption {
        /// Names the option and what is wrong with it.
        detail: String,
    },
    /// The idempotency key came before with another body.
    #[error("the idempotency key was used with another body")]
    IdempotencyKeyReused,
    /// The caller has tried too many unknown invites. It is answered like a throttled call.
    #[error("too many unknown invites")]
    TooManyUnknownInvites {
        /// How long the caller should wait before the next attempt.
        retry_after: Duration,
    },
    /// The rules of the game cannot run here.
    #[error("the rules of the game cannot run")]
    RulesFailed,
    /// The database cannot answer now.
    #[error("the database cannot answer")]
    Unavailable(Unavailable),
}

/// Whether a call that the database did not answer may have had an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unavailable {
    /// Nothing was sent to the store, so nothing happened.
    NothingSent,
    /// The call may have had its effect. Repeat it with the same `version` or the same idempotency
    /// key.
    OutcomeUnknown,
}

impl PlayError {
    pub(crate) fn malformed(detail: impl Into<String>) -> PlayError {
        PlayError::Malformed {
            detail: detail.into(),
        }
    }

    /// The same error after something was sent to the store: nothing sent becomes outcome unknown.
    pub(crate) fn once_sent(self) -> PlayError {
        match self {
            PlayError::Unavailable(Unavailable::NothingSent) => PlayError::OUTCOME_UNKNOWN,
            other => other,
        }
    }

    /// The same error for a caller without a player token: its game has no `yourSeats`.
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

impl From<RecordError> for PlayError {
    fn from(error: RecordError) -> PlayError {
        tracing::error!(%error, "a game cannot be read");
        match error {
            RecordError::UnknownRules(_) => PlayError::RulesFailed,
            RecordError::UnknownShape { .. } | RecordError::Value(_) => PlayError::NOTHING_SENT,
        }
    }
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
    /// The error for a failed append. A lost race is not a failure; callers handle it themselves.
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
