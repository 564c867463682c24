//! A game as of one of its versions.

use time::OffsetDateTime;

use super::{GameId, Holder, Opponent, Outcome, PlayerId, Seats, Visibility};
use crate::rules::{Json, Position, Rules, Seat, SeatSet};

/// A game after some number of its events.
#[derive(Clone, Debug, PartialEq)]
pub struct Game {
    /// The variant and the version of its rules that the game keeps.
    pub rules: Rules,
    /// The variant's options.
    pub options: Json,
    /// The players who may watch the game.
    pub visibility: Visibility,
    /// The opponent of the creator.
    pub opponent: Opponent,
    /// The holder of each seat.
    pub seats: Seats<Holder>,
    /// The seats that gave up.
    pub resigned: SeatSet,
    /// The state of the board; `None` while a game of chance waits for its players, because
    /// nothing is drawn before it begins.
    pub position: Option<Position>,
    /// The newest move; `None` before the first one.
    pub last_move: Option<LastMove>,
    /// How the game ended; `None` until it has.
    pub result: Option<Outcome>,
    /// The state of the draw offers.
    pub draws: DrawOffers,
    /// The players who gave their seat back before the game had all its players, and did not come
    /// again.
    pub left: Vec<PlayerId>,
    /// The next game of the same players, if it is linked.
    pub rematch: Option<GameId>,
    /// The present turn.
    pub turn: Turn,
    /// The number of events this game is made of, at least 1.
    pub version: u32,
    /// When the newest event happened.
    pub updated_at: OffsetDateTime,
}

/// The newest move of a game.
#[derive(Clone, Debug, PartialEq)]
pub struct LastMove {
    /// The seat that moved.
    pub seat: Seat,
    /// The move.
    pub played: Json,
}

/// The turn of all seats that may move.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The seats that may move; none unless the game is being played.
    pub to_move: SeatSet,
    /// The version of the event with which this turn began; 0 before the first turn.
    pub began: u32,
}

/// The seats that offered a draw, and those that must wait for a move before offering again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DrawOffers {
    /// The seats whose offer stands.
    pub standing: SeatSet,
    /// The seats whose offer since the last move was declined or withdrawn.
    pub spent: SeatSet,
    /// The seat whose decline or withdrawal is the game's newest event.
    pub just_declined_by: Option<Seat>,
}

/// How far a game has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// A seat is still free.
    Waiting,
    /// All seats are taken, and the game has not ended.
    Playing,
    /// The game has ended.
    Finished,
}

impl Status {
    /// The name of the status in the API.
    pub fn name(self) -> &'static str {
        match self {
            Status::Waiting => "waiting",
            Status::Playing => "playing",
            Status::Finished => "finished",
        }
    }
}

impl Game {
    /// How far the game has come.
    pub fn status(&self) -> Status {
        if self.result.is_some() {
            Status::Finished
        } else if self.has_free_seat() {
            Status::Waiting
        } else {
            Status::Playing
        }
    }

    /// The moves that `decide` would accept from `seat`; none unless it may move, and `None`
    /// where the rules do not list them.
    pub fn legal_moves(&self, seat: Seat) -> Option<Vec<Json>> {
        match &self.position {
            Some(position) if self.turn.to_move.contains(seat) => {
                self.rules.legal_moves(position, seat)
            }
            _ => Some(Vec::new()),
        }
    }

    /// Whether a seat is held by nobody.
    pub fn has_free_seat(&self) -> bool {
        self.seats
            .iter()
            .any(|(_, holder)| holder.player().is_none())
    }

    /// The seats that `player` holds.
    pub fn seats_of(&self, player: PlayerId) -> SeatSet {
        self.seats.which(|holder| *holder == Holder::Player(player))
    }

    /// The players who hold a seat, in the order of play. A player with several seats comes
    /// several times.
    pub fn players(&self) -> impl Iterator<Item = PlayerId> {
        self.seats.iter().filter_map(|(_, holder)| holder.player())
    }

    /// Whether the player holds a seat in this game.
    pub fn is_seated(&self, player: PlayerId) -> bool {
        !self.seats_of(player).is_empty()
    }

    /// The seats that still play: held, and not given up.
    pub fn seats_in_play(&self) -> SeatSet {
        let held = self.seats.which(|holder| holder.player().is_some());
        held.minus(self.resigned)
    }

    /// The seat that `player` acts for: their own, or where they hold several the one to move, else
    /// the first that has not given up.
    pub fn acting_seat(&self, player: PlayerId) -> Option<Seat> {
        let own = self.seats_of(player);
        let playing = own.minus(self.resigned);
        let to_move = match &self.position {
            Some(position) => self.rules.to_move(position),
            None => SeatSet::NONE,
        };
        let mut seats = own.and(to_move).iter().chain(playing.iter());
        seats.next().or(own.iter().next())
    }
}
