//! Gomoku: stones on a board of any cells, and so many in a row win.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::chance::Chance;
use super::forms::{Forms, RefusalForm};
use super::grid::Grid;
use super::json::FormError;
use super::native::{After, Native, other};
use super::number::Number;
use super::options::{NumberOption, number_schema, read_numbers};
use super::ruleset::{Ending, MoveRefusal, Ruleset};
use super::seat::{Seat, SeatSet};

/// The id of the variant.
pub const ID: &str = "gomoku";

const SEATS: &[&str] = &["black", "white"];
const OPTIONS: [NumberOption; 3] = [
    NumberOption::new("rows", "Rows of the board.", 5..=19, 15),
    NumberOption::new("columns", "Columns of the board.", 5..=19, 15),
    NumberOption::new(
        "inARow",
        "How many in a row win; no more than the longer side of the board.",
        4..=6,
        5,
    ),
];
/// Larger boards list no moves: the list would be longer than all the rest of the game.
const MOST_CELLS_LISTED: usize = 100;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Options {
    rows: u16,
    columns: u16,
    in_a_row: u16,
}

#[derive(Clone, PartialEq, Eq)]
struct Board {
    grid: Grid,
    turn: Seat,
    in_a_row: usize,
    overline: Overline,
}

/// What a row of more than `inARow` is worth.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Overline {
    Wins,
    IsNothing,
}

/// Version 1 of the rules: `inARow` or more in a row win.
pub fn version_1() -> impl Ruleset {
    rules(Overline::Wins, |options, _| {
        Board::empty(options, Overline::Wins)
    })
}

/// Version 2 of the rules: exactly `inARow` in a row win.
pub fn version_2() -> impl Ruleset {
    rules(Overline::IsNothing, |options, _| {
        Board::empty(options, Overline::IsNothing)
    })
}

fn rules(
    overline: Overline,
    start: fn(&Options, &mut Chance) -> Board,
) -> Native<Options, Board, Number> {
    Native {
        forms: forms(overline),
        read_options,
        seat_count: |_| 2,
        start,
        to_move: |board| SeatSet::one(board.turn),
        read_move: |value| Number::read(value, "the number of a cell, an integer from 0"),
        legal_moves: |board, _| board.legal_moves(),
        play: |board, seat, played, _| board.play(seat, played),
        leave: After::unchanged,
        show: |board, _| board.show(),
        sees_move: |_, _, _| true,
    }
}

fn forms(overline: Overline) -> Forms {
    let (longest, what_wins) = match overline {
        // The last stone joins two rows that are one short.
        Overline::Wins => (11, "The cells that won: the whole row, `inARow` or more."),
        Overline::IsNothing => (
            6,
            "The cells that won. A row of more than `inARow` does not.",
        ),
    };
    let cell = |description: &str| json!({"type": "integer", "minimum": 0, "maximum": 360, "description": description});
    Forms {
        title: "Gomoku",
        seats: SEATS,
        seat_counts: &[2],
        options_schema: number_schema(&OPTIONS),
        move_schema: cell(
            "The empty cell to take, counted row by row from the top left. \
                           Boards of more than 100 cells do not list the legal moves.",
        ),
        board_schema: json!({"type": "object", "required": ["rows", "columns", "cells"], "properties": {
            "rows": {"type": "integer", "minimum": 5, "maximum": 19},
            "columns": {"type": "integer", "minimum": 5, "maximum": 19},
            "cells": {"type": "string", "minLength": 25, "maxLength": 361,
                      "description": "A letter for each cell, row by row from the top left: b black, \
                                      w white, . empty. The letter at a place, counted from 0, is \
                                      that of the cell which a move of this number takes. \
                                      One text, since a list of names would be eight times as long."},
        }}),
        ending_schema: json!({"type": "object", "properties": {
            "by": {"enum": ["line", "full_board"]},
            "line": {"type": "array", "minItems": 4, "maxItems": longest, "description": what_wins,
                     "items": {"type": "integer", "minimum": 0, "maximum": 360}},
        }}),
        refusals: &[RefusalForm {
            code: "cell_taken",
            title: "The cell is already taken",
        }],
        lists_moves: false,
        hidden: false,
        chance: false,
        simultaneous: false,
    }
}

fn read_options(options: &Map<String, Value>) -> Result<Options, FormError> {
    let [rows, columns, in_a_row] = read_numbers(ID, &OPTIONS, options)?;
    let longer = rows.max(columns);
    if in_a_row > longer {
        return Err(FormError(format!(
            "`inARow` is at most {longer} on {rows} rows and {columns} columns: \
             take fewer, or a larger board"
        )));
    }
    Ok(Options {
        rows,
        columns,
        in_a_row,
    })
}

impl Board {
    fn empty(options: &Options, overline: Overline) -> Board {
        Board {
            grid: Grid::empty(options.rows.into(), options.columns.into()),
            turn: Seat::FIRST,
            in_a_row: options.in_a_row.into(),
            overline,
        }
    }

    fn legal_moves(&self) -> Option<Vec<Number>> {
        let cells = self.grid.cells();
        let empty = (0..cells.len()).filter(|&cell| cells[cell].is_none());
        (cells.len() <= MOST_CELLS_LISTED).then(|| empty.map(Number::of).collect())
    }

    fn play(&self, seat: Seat, played: &Number) -> Result<After<Board>, MoveRefusal> {
        let cells = self.grid.cells();
        let cell = played.place("cell", cells.len())?;
        if cells[cell].is_some() {
            return Err(MoveRefusal::NotNow {
                code: "cell_taken",
                detail: format!("cell {cell} is already taken; play one that is empty"),
            });
        }
        let next = Board {
            grid: self.grid.with(cell, seat),
            turn: other(seat),
            ..*self
        };
        let ending = next.ending(seat, cell);
        Ok(After::perhaps_over(next, ending))
    }

    fn ending(&self, mover: Seat, cell: usize) -> Option<Ending> {
        let mut rows = self.grid.rows_through(cell);
        if let Some(line) = rows.find(|row| self.wins(row.len())) {
            return Some(Ending::win(mover, "line").with("line", line));
        }
        self.grid.is_full().then(|| Ending::draw("full_board"))
    }

    fn wins(&self, length: usize) -> bool {
        match self.overline {
            Overline::Wins => length >= self.in_a_row,
            Overline::IsNothing => length == self.in_a_row,
        }
    }

    fn show(&self) -> Value {
        let letter = |held: &Option<Seat>| held.map_or('.', |seat| ['b', 'w'][seat.index()]);
        let cells: String = self.grid.cells().iter().map(letter).collect();
        json!({"rows": self.grid.rows(), "columns": self.grid.columns(), "cells": cells})
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rules::trial::Trial;

    #[test]
    fn options_that_nobody_could_win_with_are_refused() {
        let options = json!({"rows": 5, "columns": 5, "inARow": 6});
        let refused = version_2().read_options(options.as_object().unwrap());
        let told = "`inARow` is at most 5 on 5 rows and 5 columns: take fewer, or a larger board";
        assert_eq!(refused, Err(FormError(told.into())));
        let fits = json!({"rows": 5, "columns": 6, "inARow": 6});
        let read = version_2().read_options(fits.as_object().unwrap());
        assert_eq!(read.unwrap().value(), &fits);
    }

    #[test]
    fn the_board_is_one_text() {
        let game = Trial::begin(version_1(), &json!({"rows": 5, "columns": 6})).plays([0, 29, 8]);
        let cells = "b.......b....................w";
        let board = json!({"rows": 5, "columns": 6, "cells": cells});
        assert_eq!(game.board(), board);
        assert_eq!(game.refuses(29), "cell_taken");
        assert_eq!(game.refuses(30), "never");
    }
}
