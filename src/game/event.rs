//! The events of a game: one for each accepted command, named in the past tense.

use time::OffsetDateTime;

use super::{Actor, GameId, Holder, Luck, Outcome, PlayerId, Seats};
use crate::rules::{Json, Seat};

/// One event with its circumstances: this is what a game is folded from.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// What happened.
    pub event: Event,
    /// When it happened; never before the event that came before it.
    pub at: OffsetDateTime,
    /// The one who caused it.
    pub actor: Actor,
    /// The part that chance has in it.
    pub luck: Luck,
}

/// One thing that happened in a game.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The game began. This is the first event of every game.
    GameCreated(Creation),
    /// A player took a seat.
    PlayerSeated {
        /// The seat that was free.
        seat: Seat,
        /// The player who holds the seat now.
        player: PlayerId,
    },
    /// A player gave a seat back before the game had all its players.
    SeatLeft {
        /// The seat that is open again.
        seat: Seat,
    },
    /// A move was played.
    MovePlayed {
        /// The seat that moved.
        seat: Seat,
        /// The move.
        played: Json,
        /// How the move ended the game, if it did.
        result: Option<Outcome>,
    },
    /// A player gave up.
    Resigned {
        /// The seat that gave up.
        seat: Seat,
        /// How that ended the game; `None` where the others go on.
        result: Option<Outcome>,
    },
    /// A draw was offered.
    DrawOffered {
        /// The seat that offered.
        seat: Seat,
    },
    /// The offers were declined by a player they were made to, or withdrawn by a player who made
    /// one.
    DrawDeclined {
        /// The seat that declined or withdrew.
        seat: Seat,
    },
    /// All players agreed on a draw.
    DrawAgreed {
        /// The seat that was the last to agree.
        seat: Seat,
        /// The outcome: a draw by agreement.
        result: Outcome,
    },
    /// The game was given up before it had all its players.
    Abandoned {
        /// The outcome: abandoned.
        result: Outcome,
    },
    /// The next game of the same players was linked to this one.
    RematchCreated {
        /// The id of the next game.
        game: GameId,
    },
}

impl Event {
    /// How the event ended the game, if it did.
    pub fn result(&self) -> Option<&Outcome> {
        match self {
            Event::MovePlayed { result, .. } | Event::Resigned { result, .. } => result.as_ref(),
            Event::DrawAgreed { result, .. } | Event::Abandoned { result } => Some(result),
            Event::GameCreated(_)
            | Event::PlayerSeated { .. }
            | Event::SeatLeft { .. }
            | Event::DrawOffered { .. }
            | Event::DrawDeclined { .. }
            | Event::RematchCreated { .. } => None,
        }
    }

    /// The seat that the event is about, if it is about one.
    pub fn seat(&self) -> Option<Seat> {
        match self {
            Event::PlayerSeated { seat, .. }
            | Event::SeatLeft { seat }
            | Event::MovePlayed { seat, .. }
            | Event::Resigned { seat, .. }
            | Event::DrawOffered { seat }
            | Event::DrawDeclined { seat }
            | Event::DrawAgreed { seat, .. } => Some(*seat),
            Event::GameCreated(_) | Event::Abandoned { .. } | Event::RematchCreated { .. } => None,
        }
    }
}

/// How a game began. Its rules travel with every event of the game.
#[derive(Clone, Debug, PartialEq)]
pub struct Creation {
    /// The variant's options that the creator chose, and the defaults of the others.
    pub options: Json,
    /// The holder of each seat.
    pub seats: Seats<Holder>,
    /// The players who may watch the game.
    pub visibility: Visibility,
    /// The opponent of the creator.
    pub opponent: Opponent,
}

/// The players who may watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Anybody who knows the id.
    Unlisted,
    /// The seated players only.
    Private,
}

/// The opponent of a game's creator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opponent {
    /// Other players, who take the open seats.
    Invite,
    /// Themselves: pass-and-play, all seats held by one player.
    Oneself,
}
