//! A game as of one of its versions.

use super::{
    GameId, Move, Opponent, Options, Outcome, PlayerId, Position, Rules, Seat, Seats, Visibility,
};

#[derive(Clone, Debug, PartialEq)]
pub struct Game {
    pub rules: Rules,
    pub options: Options,
    pub visibility: Visibility,
    pub opponent: Opponent,
    pub seats: Seats<Option<PlayerId>>,
    pub position: Position,
    pub last_move: Option<LastMove>,
    pub result: Option<Outcome>,
    pub draws: Draws,
    pub rematch: Option<GameId>,
    /// The number of events this game is made of, at least 1.
    pub version: u32,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LastMove {
    pub seat: Seat,
    pub played: Move,
}

/// Who offered a draw, and who must wait for a move before offering again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Draws {
    pub offered_by: Option<Seat>,
    /// Offered since the last move, and had it declined or withdrawn.
    pub spent: Seats<bool>,
    /// The seat whose decline or withdrawal is the game's newest event.
    pub just_declined_by: Option<Seat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    Waiting,
    Playing,
    Finished,
}

impl Status {
    pub fn name(self) -> &'static str {
        match self {
            Status::Waiting => "waiting",
            Status::Playing => "playing",
            Status::Finished => "finished",
        }
    }
}

impl Game {
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
