//! Tic-tac-toe: three in a row on a board of nine cells, row-major from the top left.

use serde::ser::SerializeStruct;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::{FormError, MoveRefusal};
use crate::game::{DrawBy, Outcome, Seat, Seats, WinBy, whole_number};

/// The names of the seats in the API.
pub const SEAT_NAMES: Seats<&str> = Seats {
    first: "X",
    second: "O",
};
/// Every version of the rules that games may still be under, oldest first.
pub const RULES_VERSIONS: &[u16] = &[1];

const CELLS: usize = 9;
const LINES: [[u8; 3]; 8] = [
    [0, 1, 2],
    [3, 4, 5],
    [6, 7, 8],
    [0, 3, 6],
    [1, 4, 7],
    [2, 5, 8],
    [0, 4, 8],
    [2, 4, 6],
];

/// There is nothing to choose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Options {}

/// The number of a cell; any integer has the form of a move, 0 to 8 are on the board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Move(pub i64);

/// The marks on the board.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Position {
    cells: [Option<Seat>; CELLS],
}

/// How a position was won.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Win {
    /// Three marks of one seat in a row.
    Line {
        /// The numbers of the three cells.
        line: [u8; 3],
    },
}

/// How a position was drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case")]
pub enum Draw {
    /// All cells are marked and no row is complete.
    FullBoard,
}

/// Reads the options of a new game; only an empty object is accepted.
pub fn parse_options(value: &Map<String, Value>) -> Result<Options, FormError> {
    match value.keys().next() {
        None => Ok(Options {}),
        Some(name) => Err(FormError(format!(
            "tic-tac-toe has no option {name:?}; leave `options` out or send {{}}"
        ))),
    }
}

/// Reads a move: any integer has the form of one.
pub fn parse_move(value: &Value) -> Result<Move, FormError> {
    whole_number(value)
        .map(Move)
        .ok_or_else(|| FormError("a move is the number of a cell, an integer from 0 to 8".into()))
}

/// The JSON Schema of a move.
pub fn move_schema() -> Value {
    json!({"type": "integer", "minimum": 0, "maximum": 8,
           "description": "The cell to mark, row-major from the top left."})
}

/// The JSON Schema of the options.
pub fn options_schema() -> Value {
    json!({"type": "object", "additionalProperties": false})
}

impl Position {
    /// X moves on an even number of marks.
    pub fn turn(&self) -> Seat {
        let marks = self.cells.iter().flatten().count();
        if marks.is_multiple_of(2) {
            Seat::First
        } else {
            Seat::Second
        }
    }

    /// The moves to the cells that are still empty.
    pub fn legal_moves(&self) -> impl Iterator<Item = Move> {
        (0..)
            .zip(self.cells)
            .filter(|(_, mark)| mark.is_none())
            .map(|(cell, _)| Move(cell))
    }

    /// The outcome of the move if it ends the game; a refusal if the board does not take it.
    pub fn try_move(&self, played: Move) -> Result<Option<Outcome>, MoveRefusal> {
        match played.cell().map(|cell| self.cells[cell]) {
            None => Err(MoveRefusal::Never {
                detail: format!("there is no cell {}; play one of `legalMoves`", played.0),
            }),
            Some(Some(_)) => Err(MoveRefusal::NotNow {
                code: "cell_taken",
                detail: format!(
                    "cell {} is already marked; play one of `legalMoves`",
                    played.0
                ),
            }),
            Some(None) => Ok(self.after(played).outcome(self.turn())),
        }
    }

    /// The position after the move. A move off the board changes nothing.
    #[must_use]
    pub fn after(mut self, played: Move) -> Position {
        let mover = self.turn();
        if let Some(cell) = played.cell() {
            self.cells[cell] = Some(mover);
        }
        self
    }

    fn outcome(&self, mover: Seat) -> Option<Outcome> {
        let full_line = |line: &&[u8; 3]| {
            line.iter()
                .all(|&cell| self.cells[usize::from(cell)] == Some(mover))
        };
        if let Some(&line) = LINES.iter().find(full_line) {
            let by = WinBy::Board(super::Win::TicTacToe(Win::Line { line }));
            return Some(Outcome::Win { winner: mover, by });
        }
        let full = self.cells.iter().all(Option::is_some);
        full.then_some(Outcome::Draw {
            by: DrawBy::Board(super::Draw::TicTacToe(Draw::FullBoard)),
        })
    }
}

impl Move {
    fn cell(self) -> Option<usize> {
        usize::try_from(self.0).ok().filter(|&cell| cell < CELLS)
    }
}

impl Serialize for Position {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let names = self.cells.map(|mark| mark.map(|seat| SEAT_NAMES[seat]));
        let mut board = serializer.serialize_struct("Board", 3)?;
        board.serialize_field("rows", &3)?;
        board.serialize_field("columns", &3)?;
        board.serialize_field("cells", &names)?;
        board.end()
    }
}
