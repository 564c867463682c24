//! Connect four: stones fall to the bottom of a column, and four in a row win.

use serde_json::{Value, json};

use super::forms::{Forms, RefusalForm};
use super::grid::Grid;
use super::native::{After, Native, NoOptions, no_options, other};
use super::number::Number;
use super::ruleset::{Ending, MoveRefusal, Ruleset};
use super::seat::{Seat, SeatSet};

/// The id of the variant.
pub const ID: &str = "connect-four";

const SEATS: &[&str] = &["red", "yellow"];
const ROWS: usize = 6;
const COLUMNS: usize = 7;
const IN_A_ROW: usize = 4;

#[derive(Clone, PartialEq, Eq)]
struct Board {
    grid: Grid,
    turn: Seat,
}

/// Version 1 of the rules.
pub fn version_1() -> impl Ruleset {
    Native {
        forms: forms(),
        read_options: |options| no_options(ID, options),
        seat_count: |NoOptions {}| 2,
        start: |NoOptions {}, _| Board {
            grid: Grid::empty(ROWS, COLUMNS),
            turn: Seat::FIRST,
        },
        to_move: |board: &Board| SeatSet::one(board.turn),
        read_move: |value| Number::read(value, "the number of a column, an integer from 0 to 6"),
        legal_moves: |board, _| Some(board.open_columns().map(Number::of).collect()),
        play: |board, seat, played, _| board.play(seat, played),
        leave: After::unchanged,
        show: |board, _| board.show(),
        sees_move: |_, _, _| true,
    }
}

fn forms() -> Forms {
    Forms {
        title: "Connect four",
        seats: SEATS,
        seat_counts: &[2],
        options_schema: json!({"type": "object", "additionalProperties": false}),
        move_schema: json!({"type": "integer", "minimum": 0, "maximum": 6,
                       "description": "The column to drop a stone into, from the left."}),
        board_schema: json!({"type": "object", "required": ["rows", "columns", "cells"], "properties": {
            "rows": {"const": 6},
            "columns": {"const": 7},
            "cells": {"type": "array", "minItems": 42, "maxItems": 42,
                      "description": "Row by row from the top left.",
                      "items": {"enum": ["red", "yellow", null]}},
        }}),
        ending_schema: json!({"type": "object", "properties": {
            "by": {"enum": ["line", "full_board"]},
            "line": {"type": "array", "minItems": 4, "maxItems": 7,
                     "description": "The cells that won: the whole row, also where it is more than four.",
                     "items": {"type": "integer", "minimum": 0, "maximum": 41}},
        }}),
        refusals: &[RefusalForm {
            code: "column_full",
            title: "The column is full",
        }],
        lists_moves: true,
        hidden: false,
        chance: false,
        simultaneous: false,
    }
}

impl Board {
    fn open_columns(&self) -> impl Iterator<Item = usize> {
        (0..COLUMNS).filter(|&column| self.lowest_empty(column).is_some())
    }

    fn lowest_empty(&self, column: usize) -> Option<usize> {
        (0..ROWS)
            .rev()
            .map(|row| row * COLUMNS + column)
            .find(|&cell| self.grid.cells()[cell].is_none())
    }

    fn play(&self, seat: Seat, played: &Number) -> Result<After<Board>, MoveRefusal> {
        let column = played.place("column", COLUMNS)?;
        let Some(cell) = self.lowest_empty(column) else {
            return Err(MoveRefusal::NotNow {
                code: "column_full",
                detail: format!("column {column} is full; play one of `legalMoves`"),
            });
        };
        let next = Board {
            grid: self.grid.with(cell, seat),
            turn: other(seat),
        };
        let ending = next.ending(seat, cell);
        Ok(After::perhaps_over(next, ending))
    }

    fn ending(&self, mover: Seat, cell: usize) -> Option<Ending> {
        let mut rows = self.grid.rows_through(cell);
        if let Some(line) = rows.find(|row| row.len() >= IN_A_ROW) {
            return Some(Ending::win(mover, "line").with("line", line));
        }
        self.grid.is_full().then(|| Ending::draw("full_board"))
    }

    fn show(&self) -> Value {
        let cells = self.grid.cells().iter();
        let cells: Vec<_> = cells
            .map(|seat| seat.map(|seat| SEATS[seat.index()]))
            .collect();
        json!({"rows": ROWS, "columns": COLUMNS, "cells": cells})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::trial::Trial;

    fn after(moves: &[i64]) -> Trial<impl Ruleset> {
        Trial::begin(version_1(), &json!({})).plays(moves.iter().copied())
    }

    #[test]
    fn stones_fall_and_pile_up() {
        let game = after(&[3, 3, 0]);
        let board = game.board();
        let cells = board["cells"].as_array().unwrap();
        let held: Vec<_> = (0..)
            .zip(cells)
            .filter(|(_, cell)| !cell.is_null())
            .collect();
        let expected = [(31, "yellow"), (35, "red"), (38, "red")];
        assert_eq!(held.len(), expected.len());
        for ((number, cell), expected) in held.into_iter().zip(expected) {
            assert_eq!((number, cell.as_str().unwrap()), expected);
        }
        assert_eq!((&board["rows"], &board["columns"]), (&json!(6), &json!(7)));
        assert_eq!(game.turn(), Seat::SECOND);
    }

    #[test]
    fn a_column_takes_six_stones() {
        let game = after(&[0, 0, 0, 0, 0, 0]);
        assert_eq!(game.refuses(0), "column_full");
        assert_eq!(game.legal(), Some((1..7).map(Value::from).collect()));
        assert_eq!(game.refuses(7), "never");
    }

    #[test]
    fn four_in_a_row_win_in_every_way() {
        let ways: [(&[i64], &str, [u8; 4]); 4] = [
            (&[0, 0, 1, 1, 2, 2, 3], "red", [35, 36, 37, 38]),
            (&[6, 0, 1, 0, 1, 0, 6, 0], "yellow", [14, 21, 28, 35]),
            (&[3, 2, 2, 1, 1, 0, 1, 0, 0, 6, 0], "red", [14, 22, 30, 38]),
            (&[3, 4, 4, 5, 5, 6, 5, 6, 6, 0, 6], "red", [20, 26, 32, 38]),
        ];
        for (moves, winner, line) in ways {
            let (last, earlier) = moves.split_last().unwrap();
            let game = after(earlier);
            assert_eq!(game.result(), None, "{moves:?}");
            let won = game.plays([*last]).result().unwrap();
            assert_eq!(won, (vec![winner], json!({"by": "line", "line": line})));
        }
    }

    #[test]
    fn the_line_is_the_whole_row() {
        // Red holds three on either side of column 3, and yellow piles up on them.
        let moves = [0, 0, 1, 1, 2, 2, 4, 4, 5, 5, 6, 6, 3];
        let (_, told) = after(&moves).result().unwrap();
        assert_eq!(told["line"], json!([35, 36, 37, 38, 39, 40, 41]));
    }

    #[test]
    fn a_full_board_is_a_draw_unless_the_last_stone_wins() {
        let drawn = [
            4, 3, 6, 0, 1, 4, 5, 5, 1, 1, 5, 0, 1, 6, 0, 1, 5, 5, 1, 0, 4, 6, 3, 2, 6, 6, 0, 4, 6,
            5, 2, 0, 4, 2, 4, 2, 2, 2, 3, 3, 3, 3,
        ];
        let (winners, told) = after(&drawn).result().unwrap();
        assert_eq!((winners, told), (vec![], json!({"by": "full_board"})));
        let won = [
            4, 5, 6, 4, 4, 4, 3, 4, 1, 2, 3, 2, 5, 3, 0, 6, 1, 1, 4, 6, 0, 2, 2, 3, 0, 5, 6, 0, 3,
            1, 1, 0, 0, 5, 3, 6, 1, 2, 6, 2, 5, 5,
        ];
        let (winners, told) = after(&won).result().unwrap();
        assert_eq!((winners, &told["by"]), (vec!["yellow"], &json!("line")));
    }
}
