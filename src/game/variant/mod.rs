//! The kinds of game, and which rules each has had.
//!
//! A variant is one file; this one sends each question to it. To add a variant, add its file and
//! an arm wherever the compiler then asks for one here.

pub mod tic_tac_toe;

use serde::Serialize;
use serde_json::Value;

use super::{Outcome, Seat, Seats};

/// A kind of game.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Variant {
    /// Tic-tac-toe.
    TicTacToe,
}

/// One version of one variant's rules; a game keeps the one it began with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rules {
    /// The kind of game.
    pub variant: Variant,
    /// The version of that variant's rules.
    pub version: u16,
}

/// What a variant lets the creator of a game choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Options {
    /// The options of tic-tac-toe.
    TicTacToe(tic_tac_toe::Options),
}

/// The board of a game, with the seat to move.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Position {
    /// A board of tic-tac-toe.
    TicTacToe(tic_tac_toe::Position),
}

/// A move, in the variant's own form. It need not be legal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(untagged)]
pub enum Move {
    /// A move of tic-tac-toe.
    TicTacToe(tic_tac_toe::Move),
}

/// How a position on the board won; its `by` and more, as clients see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Win {
    /// A win at tic-tac-toe.
    TicTacToe(tic_tac_toe::Win),
}

/// How a position on the board was drawn; its `by` and more, as clients see them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Draw {
    /// A draw at tic-tac-toe.
    TicTacToe(tic_tac_toe::Draw),
}

/// Why the board does not take a move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MoveRefusal {
    /// True in another position. `code` is a word of the variant's own, such as `cell_taken`.
    NotNow {
        /// A stable word for clients.
        code: &'static str,
        /// A sentence that says what is wrong.
        detail: String,
    },
    /// Legal in no position of this variant.
    Never {
        /// A sentence that says what is wrong.
        detail: String,
    },
}

/// A value that has not the form of what it should be; the text says what is expected.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FormError(pub String);

impl Variant {
    /// Every variant that this build knows.
    pub const ALL: [Variant; 1] = [Variant::TicTacToe];

    /// The variant that clients call `id`.
    pub fn parse(id: &str) -> Option<Variant> {
        Variant::ALL.into_iter().find(|variant| variant.id() == id)
    }

    /// The name of the variant in the API and in the log.
    pub fn id(self) -> &'static str {
        match self {
            Variant::TicTacToe => "tic-tac-toe",
        }
    }

    /// The name of each seat in the API.
    pub fn seat_names(self) -> Seats<&'static str> {
        match self {
            Variant::TicTacToe => tic_tac_toe::SEAT_NAMES,
        }
    }

    /// The name of one seat in the API.
    pub fn seat_name(self, seat: Seat) -> &'static str {
        self.seat_names()[seat]
    }

    /// The seat that clients call `name`.
    pub fn parse_seat(self, name: &str) -> Option<Seat> {
        Seat::ALL
            .into_iter()
            .find(|&seat| self.seat_name(seat) == name)
    }

    /// Every version of the rules that games may still be under, oldest first.
    pub fn rules_versions(self) -> &'static [u16] {
        match self {
            Variant::TicTacToe => tic_tac_toe::RULES_VERSIONS,
        }
    }

    /// Reads the options a game is created with.
    ///
    /// # Errors
    /// An option that the variant does not have, or a value that it does not take.
    pub fn parse_options(
        self,
        value: &serde_json::Map<String, Value>,
    ) -> Result<Options, FormError> {
        match self {
            Variant::TicTacToe => tic_tac_toe::parse_options(value).map(Options::TicTacToe),
        }
    }

    /// Reads a move in the variant's JSON form; whether the board takes it is asked later.
    ///
    /// # Errors
    /// A value that is not of the form of a move.
    pub fn parse_move(self, value: &Value) -> Result<Move, FormError> {
        match self {
            Variant::TicTacToe => tic_tac_toe::parse_move(value).map(Move::TicTacToe),
        }
    }

    /// The JSON Schema of a move.
    pub fn move_schema(self) -> Value {
        match self {
            Variant::TicTacToe => tic_tac_toe::move_schema(),
        }
    }

    /// The JSON Schema of the options.
    pub fn options_schema(self) -> Value {
        match self {
            Variant::TicTacToe => tic_tac_toe::options_schema(),
        }
    }

    /// Reads back a win as it was serialised.
    pub fn parse_win(self, value: Value) -> Result<Win, FormError> {
        match self {
            Variant::TicTacToe => parse(value).map(Win::TicTacToe),
        }
    }

    /// Reads back a draw as it was serialised.
    pub fn parse_draw(self, value: Value) -> Result<Draw, FormError> {
        match self {
            Variant::TicTacToe => parse(value).map(Draw::TicTacToe),
        }
    }
}

fn parse<T: serde::de::DeserializeOwned>(value: Value) -> Result<T, FormError> {
    serde_json::from_value(value).map_err(|error| FormError(error.to_string()))
}

impl Rules {
    /// The rules that a newly built server starts games under.
    pub fn newest(variant: Variant) -> Rules {
        let versions = variant.rules_versions();
        Rules {
            variant,
            version: versions[versions.len() - 1],
        }
    }

    /// These rules, if this build still knows them.
    pub fn known(variant: Variant, version: u16) -> Option<Rules> {
        variant
            .rules_versions()
            .contains(&version)
            .then_some(Rules { variant, version })
    }

    /// The position before the first move of a game with these options.
    pub fn start(self, options: Options) -> Position {
        match options {
            Options::TicTacToe(_) => Position::TicTacToe(tic_tac_toe::Position::default()),
        }
    }
}

impl Position {
    /// The seat to move.
    pub fn turn(&self) -> Seat {
        match self {
            Position::TicTacToe(position) => position.turn(),
        }
    }

    /// The moves that the rules allow in this position.
    pub fn legal_moves(&self, rules: Rules) -> Vec<Move> {
        match (self, rules.variant) {
            (Position::TicTacToe(position), Variant::TicTacToe) => {
                position.legal_moves().map(Move::TicTacToe).collect()
            }
        }
    }

    /// What the move of the seat to move would end the game with, if anything.
    ///
    /// # Errors
    /// Where the rules do not allow the move.
    pub fn try_move(&self, rules: Rules, played: Move) -> Result<Option<Outcome>, MoveRefusal> {
        match (self, played, rules.variant) {
            (Position::TicTacToe(position), Move::TicTacToe(played), Variant::TicTacToe) => {
                position.try_move(played)
            }
        }
    }

    /// The position after a move that was accepted.
    #[must_use]
    pub fn after(self, played: Move) -> Position {
        match (self, played) {
            (Position::TicTacToe(position), Move::TicTacToe(played)) => {
                Position::TicTacToe(position.after(played))
            }
        }
    }
}
