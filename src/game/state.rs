//! A game as of one of its versions.

use super::{
    GameId, Move, Opponent, Options, Outcome, PlayerId, Position, Rules, Seat, Seats, Visibility,
};

/// A game after some number of its events.
#[derive(Clone, Debug, PartialEq)]
pub struct Game {
    /// The variant and the version of its rules that the game keeps.
    pub rules: Rules,
    /// The variant's options that the creator chose.
    pub options: Options,
    /// Who may watch the game.
    pub visibility: Visibility,
    /// Whom the creator plays against.
    pub opponent: Opponent,
    /// The player of each seat; `None` for an open seat.
    pub seats: Seats<Option<PlayerId>>,
    /// The board.
    pub position: Position,
    /// The newest move; `None` before the first one.
    pub last_move: Option<LastMove>,
    /// How the game ended; `None` until it has.
    pub result: Option<Outcome>,
    /// The state of the draw offers.
    pub draws: Draws,
    /// The next game of the same players, if it is linked.
    pub rematch: Option<GameId>,
    /// The number of events this game is made of, at least 1.
    pub version: u32,
}

/// The newest move of a game.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LastMove {
    /// The seat that moved.
    pub seat: Seat,
    /// The move.
    pub played: Move,
}

/// Who offered a draw, and who must wait for a move before offering again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Draws {
    /// The seat whose draw offer is open.
    pub offered_by: Option<Seat>,
    /// Offered since the last move, and had it declined or withdrawn.
    pub spent: Seats<bool>,
    /// The seat whose decline or withdrawal is the game's newest event.
    pub just_declined_by: Option<Seat>,
}

/// How far a game has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// A seat is still open.
    Waiting,
    /// Both seats are taken, and the game has not ended.
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
        } else if self.open_seat().is_some() {
            Status::Waiting
        } else {
            Status::Playing
        }
    }

    /// Whose move it is; `None` unless the game is being played.
    pub fn turn(&self) -> Option<Seat> {
        (self.status() == Status::Playing).then(|| self.position.turn())
    }

    /// The moves that `decide` would accept from the seat to move; empty unless being played.
    pub fn legal_moves(&self) -> Vec<Move> {
        match self.status() {
            Status::Playing => self.position.legal_moves(self.rules),
            Status::Waiting | Status::Finished => Vec::new(),
        }
    }

    /// The first seat that nobody holds; `None` if both are taken.
    pub fn open_seat(&self) -> Option<Seat> {
        Seat::ALL
            .into_iter()
            .find(|&seat| self.seats[seat].is_none())
    }

    /// The seats that `player` holds, in the order of play: none, one, or in a game against
    /// oneself both.
    pub fn seats_of(&self, player: PlayerId) -> impl Iterator<Item = Seat> {
        Seat::ALL
            .into_iter()
            .filter(move |&seat| self.seats[seat] == Some(player))
    }

    /// Whether the player holds a seat in this game.
    pub fn is_seated(&self, player: PlayerId) -> bool {
        self.seats_of(player).next().is_some()
    }

    /// The seat that `player` acts for: their own, or where they hold both the one to move.
    pub fn acting_seat(&self, player: PlayerId) -> Option<Seat> {
        let mut seats = self.seats_of(player);
        match (seats.next(), seats.next()) {
            (Some(_), Some(_)) => Some(self.position.turn()),
            (seat, _) => seat,
        }
    }
}
