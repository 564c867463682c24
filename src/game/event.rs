//! What happened: the past tense of the game, one event for each accepted command.

use super::{GameId, Move, Options, PlayerId, Seat, Seats, variant};

#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    GameCreated(Creation),
    PlayerSeated {
        seat: Seat,
        player: PlayerId,
    },
    MovePlayed {
        seat: Seat,
        played: Move,
        result: Option<Outcome>,
    },
    Resigned {
        seat: Seat,
        result: Outcome,
    },
    DrawOffered {
        seat: Seat,
    },
    /// The offer was declined by the player it was made to, or withdrawn by `seat` who made it.
    DrawDeclined {
        seat: Seat,
    },
    DrawAgreed {
        seat: Seat,
        result: Outcome,
    },
    Abandoned {
        result: Outcome,
    },
    RematchCreated {
        game: GameId,
    },
}

/// How a game began. Its rules travel with every event of the game.
#[derive(Clone, Debug, PartialEq)]
pub struct Creation {
    pub options: Options,
    pub seats: Seats<Option<PlayerId>>,
    pub visibility: Visibility,
    pub opponent: Opponent,
}

/// Who may watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Whoever knows the id.
    Unlisted,
    /// The seated players only.
    Private,
}

/// Whom the creator plays against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opponent {
    /// Another player, who takes the open seat.
    Invite,
    /// Themselves: pass-and-play, both seats held by one player.
    Oneself,
}

/// How a game ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    Win { winner: Seat, by: WinBy },
    Draw { by: DrawBy },
    Abandoned,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WinBy {
    Board(variant::Win),
    Resignation,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrawBy {
    Board(variant::Draw),
    Agreement,
}
