//! The events of a game: one for each accepted command, named in the past tense.

use super::{GameId, Move, Options, PlayerId, Seat, Seats, variant};

/// One thing that happened in a game. A game is the fold of its events.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The game began. This is the first event of every game.
    GameCreated(Creation),
    /// A player took the open seat.
    PlayerSeated {
        /// The seat that was open.
        seat: Seat,
        /// The player who holds the seat now.
        player: PlayerId,
    },
    /// A move was played.
    MovePlayed {
        /// The seat that moved.
        seat: Seat,
        /// The move.
        played: Move,
        /// How the move ended the game, if it did.
        result: Option<Outcome>,
    },
    /// A player gave up, so the other one won.
    Resigned {
        /// The seat that gave up.
        seat: Seat,
        /// The outcome: a win for the other seat.
        result: Outcome,
    },
    /// A draw was offered.
    DrawOffered {
        /// The seat that offered.
        seat: Seat,
    },
    /// The offer was declined by the player it was made to, or withdrawn by `seat` who made it.
    DrawDeclined {
        /// The seat that declined or withdrew the offer.
        seat: Seat,
    },
    /// Both players agreed on a draw.
    DrawAgreed {
        /// The seat that accepted the offer.
        seat: Seat,
        /// The outcome: a draw by agreement.
        result: Outcome,
    },
    /// The game was given up before a second player joined.
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

/// How a game began. Its rules travel with every event of the game.
#[derive(Clone, Debug, PartialEq)]
pub struct Creation {
    /// The variant's options that the creator chose.
    pub options: Options,
    /// The player of each seat; `None` for an open seat.
    pub seats: Seats<Option<PlayerId>>,
    /// Who may watch the game.
    pub visibility: Visibility,
    /// Whom the creator plays against.
    pub opponent: Opponent,
}

/// Who may watch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Anybody who knows the id.
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
    /// One seat won.
    Win {
        /// The seat that won.
        winner: Seat,
        /// How it won.
        by: WinBy,
    },
    /// Nobody won.
    Draw {
        /// How the draw came about.
        by: DrawBy,
    },
    /// The creator gave the game up before a second player joined.
    Abandoned,
}

/// How a game was won.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WinBy {
    /// By the variant's rules, on the board.
    Board(variant::Win),
    /// The other player gave up.
    Resignation,
}

/// How a game was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DrawBy {
    /// By the variant's rules, on the board.
    Board(variant::Draw),
    /// Both players agreed on it.
    Agreement,
}
